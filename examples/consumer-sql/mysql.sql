-- A consumer in MySQL 8.0.4 or MariaDB 10.6, or later: its tables and its view. docs/consumers.md
-- explains the rule. For each event SET @event = its JSON over a connection with utf8mb4. Then run
-- the statements of mysql/change.sql or mysql/read.sql in order on that connection. They need no
-- transaction: after a crash between two of them the event is sent again, and the view never shows
-- half of an event. The key-values of a message are
--   SELECT `key`, value, seq FROM ext WHERE message = '...'
-- They are not all if ext_unread has the message, because the list of its newest read did not fit
-- into the event. Then read the message, put the list into that event with CompleteFlag 1, and run
-- mysql/read.sql with it.
-- Keys and values are bytes of UTF-8, so that they compare as bytes, whatever the collation is.

-- The state of the reads. Times and numbers are as in the events: Unix milliseconds.
CREATE TABLE ext_read (
  message  VARBINARY(700) PRIMARY KEY,
  number   BIGINT NOT NULL,  -- of the newest read
  complete TINYINT NOT NULL, -- whether its list fitted into the event
  line     BIGINT NOT NULL,  -- greatest LatestSeq of any read, up to which all is decided
  decided  BIGINT NOT NULL   -- greatest DecidedBefore of any read, before which all is decided
) ENGINE=InnoDB;
CREATE TABLE ext_base (
  message VARBINARY(700), number BIGINT, `key` VARBINARY(700), value LONGBLOB NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (message, number, `key`)
) ENGINE=InnoDB;

-- Rows of changes that no read has decided. A clear has the key ''. The primary key has the digest
-- in place of the value, because it cannot hold long text.
CREATE TABLE ext_log (
  message VARBINARY(700), `key` VARBINARY(700), seq BIGINT, deleted TINYINT, digest BINARY(32), value LONGBLOB NOT NULL, received BIGINT NOT NULL,
  PRIMARY KEY (message, `key`, seq, deleted, digest)
) ENGINE=InnoDB;

CREATE VIEW ext_live AS
SELECT l.message, l.`key`, l.seq, l.deleted, l.value, l.received FROM ext_log l LEFT JOIN ext_read r ON r.message = l.message
 WHERE l.seq > COALESCE(r.line, 0) AND l.received >= COALESCE(r.decided, 0);

CREATE VIEW ext_unread AS
SELECT r.message, r.number FROM ext_read r
 WHERE r.complete = 0 AND NOT EXISTS (SELECT 1 FROM ext_live c WHERE c.message = r.message AND c.`key` = '');

CREATE VIEW ext AS
SELECT l.message, l.`key`, l.value, l.seq FROM ext_live l
 WHERE l.`key` <> '' AND l.deleted = 0
   AND NOT EXISTS (SELECT 1 FROM ext_live c WHERE c.message = l.message AND c.`key` = '' AND c.seq >= l.seq)
   AND NOT EXISTS (SELECT 1 FROM ext_live o WHERE o.message = l.message AND o.`key` = l.`key` AND
         (o.seq > l.seq OR o.seq = l.seq AND (o.deleted > l.deleted OR o.deleted = l.deleted AND o.value > l.value)))
UNION ALL
SELECT b.message, b.`key`, b.value, b.seq FROM ext_base b JOIN ext_read r ON r.message = b.message AND r.number = b.number
 WHERE NOT EXISTS (SELECT 1 FROM ext_live c WHERE c.message = b.message AND (c.`key` = '' OR c.`key` = b.`key`));
