-- For whoever reads the tables with another tool: times are Unix milliseconds, NULL for none. id
-- and digest are SHA-256. In a text, U+0000 is written as U+0001 U+0001, and U+0001 as U+0001
-- U+0002. Applying this file again changes nothing.
--
-- Texts compare by their bytes, spaces at the end included, where the server has a collation for
-- that (MySQL 8.0.17, MariaDB 10.2). Before, names that differ in such spaces alone are found
-- together. What the stores themselves compare is binary.
SELECT GET_LOCK('msgext schema', 60);

CREATE TABLE IF NOT EXISTS msgext_schema (version BIGINT NOT NULL PRIMARY KEY) ENGINE = InnoDB;
-- Fails, as a subquery of more than one row, where a newer version stands.
SELECT (SELECT 1 UNION ALL SELECT 1 FROM msgext_schema WHERE version > 2);

CREATE TABLE IF NOT EXISTS msgext_messages (
  id           BINARY(32) NOT NULL PRIMARY KEY, -- of the message's path: APP/GROUP/SEQ or APP/FROM/TO/KEY, each part escaped
  sdk_app_id   MEDIUMTEXT /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100202 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  group_id     MEDIUMTEXT /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100202 COLLATE utf8mb4_nopad_bin */ NOT NULL, -- empty for a one-to-one message, as the next are for a group's
  msg_seq      BIGINT NOT NULL,
  from_account MEDIUMTEXT /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100202 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  to_account   MEDIUMTEXT /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100202 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  msg_key      MEDIUMTEXT /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100202 COLLATE utf8mb4_nopad_bin */ NOT NULL,
  latest       BIGINT NOT NULL,             -- greatest version heard of or read
  floor        BIGINT NOT NULL DEFAULT 0,   -- every version up to it is completely handled
  clear        BIGINT NOT NULL DEFAULT 0,   -- greatest version of a clear that was heard
  revision     BIGINT NOT NULL DEFAULT 0,   -- from here on: when and how it is looked at again
  heard        BIGINT NOT NULL DEFAULT 0,
  due          BIGINT,
  tries        BIGINT NOT NULL DEFAULT 0,
  told         SMALLINT NOT NULL DEFAULT 0,
  ahead_since  BIGINT,
  ahead_over   BIGINT NOT NULL DEFAULT 0,
  announced    BIGINT NOT NULL DEFAULT 0,
  doubted      BIGINT NOT NULL DEFAULT 0,   -- the revision at which the newest doubt was raised, 0 for none
  dropped_at   BIGINT NOT NULL DEFAULT 0,
  gave_up      SMALLINT NOT NULL DEFAULT 0,
  gone         SMALLINT NOT NULL DEFAULT 0, -- Chat has the message no more
  line         BIGINT NOT NULL DEFAULT 0,   -- greatest version of any read: what lies at or below it reads decide
  lane         SMALLINT NOT NULL DEFAULT 0, -- in which it is due: 0 first checks, 1 retries, 2 announced
  standing     SMALLINT NOT NULL DEFAULT 0, -- 1 when its newest check left something open, 2 when it was given up
  KEY msgext_messages_lane (lane, due, id),
  KEY msgext_messages_open (standing),
  KEY msgext_messages_group (group_id(191), msg_seq),
  KEY msgext_messages_c2c (from_account(191), to_account(191), msg_key(191))
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What webhooks said of a key: the greatest of it.
CREATE TABLE IF NOT EXISTS msgext_entries (
  message BINARY(32) NOT NULL,
  digest  BINARY(32) NOT NULL, -- of the key
  `key`   MEDIUMBLOB NOT NULL,
  seq     BIGINT NOT NULL,
  deleted SMALLINT NOT NULL,
  value   MEDIUMBLOB NOT NULL,
  PRIMARY KEY (message, digest)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Versions above the floor that are completely handled.
CREATE TABLE IF NOT EXISTS msgext_seen (
  message BINARY(32) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (message, version)
) ENGINE = InnoDB;

-- The newest read of Chat.
CREATE TABLE IF NOT EXISTS msgext_reads (
  message    BINARY(32) NOT NULL PRIMARY KEY,
  latest     BIGINT NOT NULL,
  clear      BIGINT NOT NULL,
  key_values LONGTEXT NOT NULL,         -- [{"Key", "Value", "Seq"}]
  number     BIGINT NOT NULL DEFAULT 0, -- its place among the message's reads
  digest     BINARY(32) NOT NULL        -- of what it says
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One of these rows is locked by each write: the one that its message's id falls to. So writes to
-- one message are kept apart, also where it has no row yet.
CREATE TABLE IF NOT EXISTS msgext_locks (n SMALLINT NOT NULL PRIMARY KEY) ENGINE = InnoDB;
INSERT IGNORE INTO msgext_locks (n)
SELECT a.d + 16 * b.d + 256 * c.d FROM
  (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION
   SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION SELECT 13 UNION SELECT 14 UNION SELECT 15) a,
  (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION
   SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION SELECT 13 UNION SELECT 14 UNION SELECT 15) b,
  (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION
   SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION SELECT 13 UNION SELECT 14 UNION SELECT 15) c;

INSERT IGNORE INTO msgext_schema (version) VALUES (2);
SELECT RELEASE_LOCK('msgext schema');
