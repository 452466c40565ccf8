-- What lies in the database, for who reads it with another tool: times are Unix milliseconds, U+0000 in a
-- text is written as U+E000 and "0".
CREATE TABLE IF NOT EXISTS messages (
  path         TEXT PRIMARY KEY,          -- names the message: APP/GROUP/SEQ or APP/FROM/TO/KEY, each part escaped
  sdk_app_id   TEXT NOT NULL,
  group_id     TEXT NOT NULL,
  msg_seq      INTEGER NOT NULL,
  from_account TEXT NOT NULL,
  to_account   TEXT NOT NULL,
  msg_key      TEXT NOT NULL,
  latest       INTEGER NOT NULL,          -- greatest version heard of or read
  floor        INTEGER NOT NULL DEFAULT 0, -- every version up to it is completely handled
  clear        INTEGER NOT NULL DEFAULT 0, -- greatest version of a clear that was heard
  read         INTEGER NOT NULL DEFAULT 0, -- version of the newest read of Chat
  base         TEXT,                      -- the key-values of that read, as JSON
  base_clear   INTEGER NOT NULL DEFAULT 0,
  revision     INTEGER NOT NULL DEFAULT 0,
  heard        INTEGER NOT NULL DEFAULT 0,
  due          INTEGER,
  tries        INTEGER NOT NULL DEFAULT 0,
  told         INTEGER NOT NULL DEFAULT 0,
  ahead_since  INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS messages_due ON messages (due, path) WHERE due IS NOT NULL;

CREATE TABLE IF NOT EXISTS entries (
  path    TEXT NOT NULL,
  key     TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  value   TEXT NOT NULL,
  PRIMARY KEY (path, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS seen (
  path    TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (path, version)
) STRICT, WITHOUT ROWID;

-- The key-values that are present, exactly as Chat has them: for queries.
DROP VIEW IF EXISTS message_extensions;
CREATE VIEW message_extensions AS
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, e.key, e.value, e.seq
  FROM messages m JOIN entries e ON e.path = m.path
 WHERE e.seq > m.read AND e.seq > m.clear AND e.deleted = 0
UNION ALL
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key,
       b.value ->> '$.Key', b.value ->> '$.Value', b.value ->> '$.Seq'
  FROM messages m, json_each(m.base) b
 WHERE m.clear <= m.read
   AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.path = m.path AND e.key = b.value ->> '$.Key' AND e.seq > m.read);
