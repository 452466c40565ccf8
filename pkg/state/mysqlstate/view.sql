-- The key-values that are present, exactly as Chat has them: for queries. It is one SELECT, with a
-- row of "part" for what was heard and one for what was read, because a view that is a UNION is
-- worked out whole before its WHERE counts (MySQL up to 8.0.28). It stands in a file of its own,
-- because MySQL before 8.0.4 and MariaDB before 10.6 have no JSON_TABLE, and get no view.
CREATE OR REPLACE ALGORITHM = MERGE VIEW message_extensions AS
SELECT m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key,
    CONVERT(IF(part.n = 0, e.`key`, kv.k) USING utf8mb4) /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100202 COLLATE utf8mb4_nopad_bin */ AS `key`,
    CONVERT(IF(part.n = 0, e.value, kv.v) USING utf8mb4) /*!80017 COLLATE utf8mb4_0900_bin */ /*M!100202 COLLATE utf8mb4_nopad_bin */ AS value,
    IF(part.n = 0, e.seq, kv.seq) AS seq
  FROM msgext_messages m
  JOIN (SELECT 0 AS n UNION ALL SELECT 1) part
  LEFT JOIN msgext_reads r ON r.message = m.id
  LEFT JOIN msgext_entries e ON part.n = 0 AND e.message = m.id
  LEFT JOIN JSON_TABLE(IF(part.n = 1, r.key_values, '[]'), '$[*]' COLUMNS (
    k LONGTEXT CHARACTER SET utf8mb4 PATH '$.Key', v LONGTEXT CHARACTER SET utf8mb4 PATH '$.Value', seq BIGINT PATH '$.Seq')) kv ON TRUE
 WHERE m.gone = 0 AND (
   part.n = 0 AND e.deleted = 0 AND e.seq > m.clear AND e.seq > GREATEST(m.line, COALESCE(r.latest, 0))
   OR part.n = 1 AND kv.seq IS NOT NULL AND m.clear <= GREATEST(m.line, r.latest) AND NOT EXISTS (
     SELECT 1 FROM msgext_entries o WHERE o.message = m.id AND o.`key` = kv.k AND o.seq > GREATEST(m.line, r.latest)));
