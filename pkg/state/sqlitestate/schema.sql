-- What lies in the file, for who opens it with another tool: times are Unix milliseconds, NULL for none;
-- id and digest are SHA-256; in a text, U+0000 is written as U+0001 U+0001, and U+0001 as U+0001 U+0002.
CREATE TABLE IF NOT EXISTS msgext_messages (
  id           BLOB PRIMARY KEY,           -- of the message's path: APP/GROUP/SEQ or APP/FROM/TO/KEY, each part escaped
  sdk_app_id   TEXT NOT NULL,
  group_id     TEXT NOT NULL,              -- empty for a one-to-one message, as the next are for a group's
  msg_seq      INTEGER NOT NULL,
  from_account TEXT NOT NULL,
  to_account   TEXT NOT NULL,
  msg_key      TEXT NOT NULL,
  latest       INTEGER NOT NULL,           -- greatest version heard of or read
  floor        INTEGER NOT NULL DEFAULT 0, -- every version up to it is completely handled
  clear        INTEGER NOT NULL DEFAULT 0, -- greatest version of a clear that was heard
  revision     INTEGER NOT NULL DEFAULT 0, -- from here on: when and how it is looked at again
  heard        INTEGER NOT NULL DEFAULT 0,
  due          INTEGER,
  tries        INTEGER NOT NULL DEFAULT 0,
  told         INTEGER NOT NULL DEFAULT 0,
  ahead_since  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS msgext_messages_due ON msgext_messages (due, id) WHERE due IS NOT NULL;

-- What webhooks said of a key: the greatest of it.
CREATE TABLE IF NOT EXISTS msgext_entries (
  message BLOB NOT NULL,
  digest  BLOB NOT NULL, -- of the key
  key     TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  value   TEXT NOT NULL,
  PRIMARY KEY (message, digest)
) STRICT, WITHOUT ROWID;

-- Versions above the floor that are completely handled.
CREATE TABLE IF NOT EXISTS msgext_seen (
  message BLOB NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (message, version)
) STRICT, WITHOUT ROWID;

-- The newest read of Chat.
CREATE TABLE IF NOT EXISTS msgext_reads (
  message    BLOB PRIMARY KEY,
  latest     INTEGER NOT NULL,
  clear      INTEGER NOT NULL,
  key_values TEXT NOT NULL -- [{"Key", "Value", "Seq"}]
) STRICT;

CREATE VIEW IF NOT EXISTS msgext_read_keys AS
SELECT r.message, r.latest, kv.value ->> '$.Key' AS key, kv.value ->> '$.Value' AS value, kv.value ->> '$.Seq' AS seq
  FROM msgext_reads r, json_each(r.key_values) kv;

-- The key-values that are present, exactly as Chat has them: for queries.
CREATE VIEW IF NOT EXISTS message_extensions AS
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, e.key, e.value, e.seq
  FROM msgext_messages m JOIN msgext_entries e ON e.message = m.id LEFT JOIN msgext_reads r ON r.message = m.id
 WHERE e.seq > m.clear AND e.seq > coalesce(r.latest, 0) AND e.deleted = 0
UNION ALL
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, r.key, r.value, r.seq
  FROM msgext_messages m JOIN msgext_read_keys r ON r.message = m.id
 WHERE m.clear <= r.latest
   AND NOT EXISTS (SELECT 1 FROM msgext_entries e WHERE e.message = m.id AND e.key = r.key AND e.seq > r.latest);
