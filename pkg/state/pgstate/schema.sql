-- For whoever reads the tables with another tool: times are Unix milliseconds, NULL for none. id
-- and digest are SHA-256. In a text, U+0000 is written as U+0001 U+0001, and U+0001 as U+0001
-- U+0002. Applying this file again changes nothing.
--
-- One DO block under an advisory lock: CREATE ... IF NOT EXISTS is unsafe when two sessions run it
-- at once, and could deadlock with running writers.
DO $schema$ BEGIN
PERFORM pg_advisory_xact_lock(hashtext('msgext schema'));

CREATE TABLE IF NOT EXISTS msgext_schema (version bigint NOT NULL);
IF (SELECT max(version) FROM msgext_schema) > 2 THEN
  RAISE EXCEPTION 'msgext: the schema is of a newer version';
END IF;
IF (SELECT max(version) FROM msgext_schema) = 2 THEN
  RETURN;
END IF;

IF to_regclass('msgext_messages') IS NULL THEN

CREATE TABLE msgext_messages (
  id           bytea PRIMARY KEY,         -- of the message's path: APP/GROUP/SEQ or APP/FROM/TO/KEY, each part escaped
  sdk_app_id   text NOT NULL,
  group_id     text NOT NULL,             -- empty for a one-to-one message, as the next are for a group's
  msg_seq      bigint NOT NULL,
  from_account text NOT NULL,
  to_account   text NOT NULL,
  msg_key      text NOT NULL,
  latest       bigint NOT NULL,           -- greatest version heard of or read
  floor        bigint NOT NULL DEFAULT 0, -- every version up to it is completely handled
  clear        bigint NOT NULL DEFAULT 0, -- greatest version of a clear that was heard
  revision     bigint NOT NULL DEFAULT 0, -- from here on: when and how it is looked at again
  heard        bigint NOT NULL DEFAULT 0,
  due          bigint,
  tries        bigint NOT NULL DEFAULT 0,
  told         smallint NOT NULL DEFAULT 0,
  ahead_since  bigint,
  ahead_over   bigint NOT NULL DEFAULT 0,
  announced    bigint NOT NULL DEFAULT 0,
  doubted      bigint NOT NULL DEFAULT 0, -- the revision at which the newest doubt was raised, 0 for none
  dropped_at   bigint NOT NULL DEFAULT 0,
  gave_up      smallint NOT NULL DEFAULT 0,
  gone         smallint NOT NULL DEFAULT 0,-- Chat has the message no more
  line         bigint NOT NULL DEFAULT 0, -- greatest version of any read: what lies at or below it reads decide
  lane         smallint NOT NULL DEFAULT 0,-- in which it is due: 0 first checks, 1 retries, 2 announced
  standing     smallint NOT NULL DEFAULT 0,-- 1 when its newest check left something open, 2 when it was given up
  long_name    boolean NOT NULL GENERATED ALWAYS AS (
    octet_length(group_id || from_account || to_account || msg_key) > 2000) STORED -- see msgext_named
);
CREATE INDEX msgext_messages_lane ON msgext_messages (lane, due, id) WHERE due IS NOT NULL;
CREATE INDEX msgext_messages_open ON msgext_messages (standing) WHERE standing <> 0;

-- What webhooks said of a key: the greatest of it. Values compare by their bytes.
CREATE TABLE msgext_entries (
  message bytea NOT NULL,
  digest  bytea NOT NULL, -- of the key
  key     text COLLATE "C" NOT NULL,
  seq     bigint NOT NULL,
  deleted smallint NOT NULL,
  value   text COLLATE "C" NOT NULL,
  PRIMARY KEY (message, digest)
);

-- Versions above the floor that are completely handled.
CREATE TABLE msgext_seen (
  message bytea NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (message, version)
);

-- The newest read of Chat.
CREATE TABLE msgext_reads (
  message    bytea PRIMARY KEY,
  latest     bigint NOT NULL,
  clear      bigint NOT NULL,
  key_values jsonb NOT NULL,            -- [{"Key", "Value", "Seq"}]
  number     bigint NOT NULL DEFAULT 0, -- its place among the message's reads
  digest     bytea NOT NULL DEFAULT ''  -- of what it says
);

ELSE

  -- From version 1, which had no number. What it knew of a read that found Chat behind did not say
  -- over which version: the next read says it again.
  ALTER TABLE msgext_messages ADD COLUMN ahead_over bigint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN announced bigint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN doubted bigint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN dropped_at bigint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN gave_up smallint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN gone smallint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN line bigint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN lane smallint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN standing smallint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_messages ADD COLUMN long_name boolean NOT NULL GENERATED ALWAYS AS (
    octet_length(group_id || from_account || to_account || msg_key) > 2000) STORED;
  ALTER TABLE msgext_reads ADD COLUMN number bigint NOT NULL DEFAULT 0;
  ALTER TABLE msgext_reads ADD COLUMN digest bytea NOT NULL DEFAULT '';
  UPDATE msgext_messages m SET
    revision = greatest(revision, 1),
    ahead_since = NULL,
    line = coalesce((SELECT latest FROM msgext_reads r WHERE r.message = m.id), 0),
    lane = CASE WHEN tries > 0 THEN 1 ELSE 0 END,
    standing = CASE WHEN tries > 0 THEN 1 ELSE 0 END;
  DROP INDEX msgext_messages_due;
  CREATE INDEX msgext_messages_lane ON msgext_messages (lane, due, id) WHERE due IS NOT NULL;
  CREATE INDEX msgext_messages_open ON msgext_messages (standing) WHERE standing <> 0;

END IF;

-- A tree takes no more than 2,704 bytes. Names are much shorter in Chat, but nothing here depends
-- on that: the few messages with long ones, if there are any, have indexes of hashes, and a branch
-- of their own.
CREATE INDEX msgext_messages_group ON msgext_messages (group_id, msg_seq) WHERE NOT long_name;
CREATE INDEX msgext_messages_c2c ON msgext_messages (from_account, to_account, msg_key) WHERE NOT long_name;
CREATE INDEX msgext_messages_long_group ON msgext_messages USING hash (group_id) WHERE long_name;
CREATE INDEX msgext_messages_long_c2c ON msgext_messages USING hash (msg_key) WHERE long_name;

CREATE VIEW msgext_named AS
SELECT id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, clear, line, gone FROM msgext_messages WHERE NOT long_name
UNION ALL
SELECT id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, clear, line, gone FROM msgext_messages WHERE long_name;

-- Views are replaced, not dropped: so who may read them still may.
CREATE OR REPLACE VIEW msgext_read_keys AS
SELECT r.message, r.latest, kv."Key" AS key, kv."Value" AS value, kv."Seq" AS seq
  FROM msgext_reads r CROSS JOIN LATERAL jsonb_to_recordset(r.key_values) AS kv ("Key" text COLLATE "C", "Value" text COLLATE "C", "Seq" bigint);

-- The key-values that are present, exactly as Chat has them: for queries. "OFFSET 0" keeps what is
-- inside together, where it costs one look at the entries and not one for each key that was read.
CREATE OR REPLACE VIEW message_extensions AS
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, e.key, e.value, e.seq
  FROM msgext_named m JOIN msgext_entries e ON e.message = m.id LEFT JOIN msgext_reads r ON r.message = m.id
 WHERE e.seq > m.clear AND e.seq > greatest(m.line, coalesce(r.latest, 0)) AND e.deleted = 0 AND m.gone = 0
UNION ALL
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, kv.key, kv.value, kv.seq
  FROM msgext_named m JOIN msgext_reads r ON r.message = m.id CROSS JOIN LATERAL (
    SELECT kv."Key" AS key, kv."Value" AS value, kv."Seq" AS seq
      FROM jsonb_to_recordset(r.key_values) AS kv ("Key" text COLLATE "C", "Value" text COLLATE "C", "Seq" bigint)
     WHERE NOT EXISTS (SELECT 1 FROM msgext_entries e WHERE e.message = m.id AND e.key = kv."Key" AND e.seq > greatest(m.line, r.latest))
    OFFSET 0) kv
 WHERE m.clear <= greatest(m.line, r.latest) AND m.gone = 0;

INSERT INTO msgext_schema (version) VALUES (2);

END $schema$;
