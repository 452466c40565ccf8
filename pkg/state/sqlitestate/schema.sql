-- What lies in the file, for who opens it with another tool: times are Unix milliseconds, NULL for
-- none; id and digest are SHA-256; in a text, U+0000 is written as U+0001 U+0001, and U+0001 as
-- U+0001 U+0002.
CREATE TABLE msgext_messages (
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
  ahead_since  INTEGER,
  ahead_over   INTEGER NOT NULL DEFAULT 0,
  announced    INTEGER NOT NULL DEFAULT 0,
  doubted      INTEGER NOT NULL DEFAULT 0, -- the revision at which the newest doubt was raised, 0 for none
  dropped_at   INTEGER NOT NULL DEFAULT 0,
  gave_up      INTEGER NOT NULL DEFAULT 0,
  gone         INTEGER NOT NULL DEFAULT 0, -- Chat has the message no more
  line         INTEGER NOT NULL DEFAULT 0, -- greatest version of any read: what lies at or below it reads decide
  lane         INTEGER NOT NULL DEFAULT 0, -- in which it is due: 0 first checks, 1 retries, 2 announced
  standing     INTEGER NOT NULL DEFAULT 0  -- 1 when its newest check left something open, 2 when it was given up
) STRICT, WITHOUT ROWID;
CREATE INDEX msgext_messages_lane ON msgext_messages (lane, due, id) WHERE due IS NOT NULL;
CREATE INDEX msgext_messages_open ON msgext_messages (standing) WHERE standing <> 0;
CREATE INDEX msgext_messages_group ON msgext_messages (group_id, msg_seq);
CREATE INDEX msgext_messages_c2c ON msgext_messages (from_account, to_account, msg_key);

-- What webhooks said of a key: the greatest of it.
CREATE TABLE msgext_entries (
  message BLOB NOT NULL,
  digest  BLOB NOT NULL, -- of the key
  key     TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  value   TEXT NOT NULL,
  PRIMARY KEY (message, digest)
) STRICT, WITHOUT ROWID;

-- Versions above the floor that are completely handled.
CREATE TABLE msgext_seen (
  message BLOB NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (message, version)
) STRICT, WITHOUT ROWID;

-- The newest read of Chat.
CREATE TABLE msgext_reads (
  message    BLOB PRIMARY KEY,
  latest     INTEGER NOT NULL,
  clear      INTEGER NOT NULL,
  key_values TEXT NOT NULL,                -- [{"Key", "Value", "Seq"}]
  number     INTEGER NOT NULL DEFAULT 0,   -- its place among the message's reads
  digest     BLOB NOT NULL DEFAULT x''     -- of what it says
) STRICT;
