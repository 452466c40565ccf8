-- They are made anew by every step of the schema.
DROP VIEW IF EXISTS message_extensions;
DROP VIEW IF EXISTS msgext_read_keys;

CREATE VIEW msgext_read_keys AS
SELECT r.message, r.latest, kv.value ->> '$.Key' AS key, kv.value ->> '$.Value' AS value, kv.value ->> '$.Seq' AS seq
  FROM msgext_reads r, json_each(r.key_values) kv;

-- The key-values that are present, exactly as Chat has them: for queries.
CREATE VIEW message_extensions AS
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, e.key, e.value, e.seq
  FROM msgext_messages m JOIN msgext_entries e ON e.message = m.id LEFT JOIN msgext_reads r ON r.message = m.id
 WHERE e.seq > m.clear AND e.seq > max(m.line, coalesce(r.latest, 0)) AND e.deleted = 0 AND m.gone = 0
UNION ALL
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key, r.key, r.value, r.seq
  FROM msgext_messages m JOIN msgext_read_keys r ON r.message = m.id
 WHERE m.clear <= max(m.line, r.latest) AND m.gone = 0
   AND NOT EXISTS (SELECT 1 FROM msgext_entries e WHERE e.message = m.id AND e.key = r.key AND e.seq > max(m.line, r.latest));
