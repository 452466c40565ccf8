-- What lies in the database, for who reads it with another tool: times are Unix milliseconds, U+0000 in a
-- text is written as U+E000 and "0". Applying this file again changes nothing.
CREATE TABLE IF NOT EXISTS messages (
  path         text COLLATE "C" PRIMARY KEY, -- names the message: APP/GROUP/SEQ or APP/FROM/TO/KEY, each part escaped
  sdk_app_id   text NOT NULL,
  group_id     text NOT NULL,
  msg_seq      bigint NOT NULL,
  from_account text NOT NULL,
  to_account   text NOT NULL,
  msg_key      text NOT NULL,
  latest       bigint NOT NULL,           -- greatest version heard of or read
  floor        bigint NOT NULL DEFAULT 0, -- every version up to it is completely handled
  clear        bigint NOT NULL DEFAULT 0, -- greatest version of a clear that was heard
  read         bigint NOT NULL DEFAULT 0, -- version of the newest read of Chat
  base         jsonb,                     -- the key-values of that read
  base_clear   bigint NOT NULL DEFAULT 0,
  revision     bigint NOT NULL DEFAULT 0,
  heard        bigint NOT NULL DEFAULT 0,
  due          bigint,
  tries        integer NOT NULL DEFAULT 0,
  told         smallint NOT NULL DEFAULT 0,
  ahead_since  bigint
);
CREATE INDEX IF NOT EXISTS messages_due ON messages (due, path) WHERE due IS NOT NULL;

CREATE TABLE IF NOT EXISTS entries (
  path    text COLLATE "C" NOT NULL,
  key     text COLLATE "C" NOT NULL,
  seq     bigint NOT NULL,
  deleted smallint NOT NULL,
  value   text COLLATE "C" NOT NULL,
  PRIMARY KEY (path, key)
);

CREATE TABLE IF NOT EXISTS seen (
  path    text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (path, version)
);

-- The key-values that are present, exactly as Chat has them: for queries.
CREATE OR REPLACE VIEW message_extensions AS
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, e.key, e.value, e.seq
  FROM messages m JOIN entries e ON e.path = m.path
 WHERE e.seq > m.read AND e.seq > m.clear AND e.deleted = 0
UNION ALL
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, b."Key", b."Value", b."Seq"
  FROM messages m CROSS JOIN LATERAL jsonb_to_recordset(m.base) AS b ("Key" text, "Value" text, "Seq" bigint)
 WHERE m.clear <= m.read
   AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.path = m.path AND e.key = b."Key" AND e.seq > m.read);
