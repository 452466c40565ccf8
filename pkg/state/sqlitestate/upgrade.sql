-- From version 1 to 2. What version 1 knew of a read that found Chat behind did not say over which
-- version: the next read says it again.
ALTER TABLE msgext_messages ADD COLUMN ahead_over INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN dropped_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN gave_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_messages ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_reads ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE msgext_reads ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
UPDATE msgext_messages SET
  revision = max(revision, 1),
  ahead_since = NULL,
  line = coalesce((SELECT latest FROM msgext_reads r WHERE r.message = msgext_messages.id), 0),
  lane = CASE WHEN tries > 0 THEN 1 ELSE 0 END,
  standing = CASE WHEN tries > 0 THEN 1 ELSE 0 END;
DROP INDEX msgext_messages_due;
CREATE INDEX msgext_messages_lane ON msgext_messages (lane, due, id) WHERE due IS NOT NULL;
CREATE INDEX msgext_messages_open ON msgext_messages (standing) WHERE standing <> 0;
CREATE INDEX msgext_messages_group ON msgext_messages (group_id, msg_seq);
CREATE INDEX msgext_messages_c2c ON msgext_messages (from_account, to_account, msg_key);
