-- For events set, deleted and cleared. The JSON of the event is in @event.
INSERT INTO ext_log (message, `key`, seq, deleted, digest, value, received)
SELECT message, `key`, seq, deleted, UNHEX(SHA2(value, 256)), value, received FROM (
  SELECT e.message, COALESCE(e.name, '') AS `key`, COALESCE(e.seq, e.version) AS seq, e.type LIKE '%.deleted' AS deleted,
         CASE WHEN e.type LIKE '%.deleted' THEN '' ELSE COALESCE(e.value, '') END AS value, COALESCE(e.received, 0) AS received
    FROM JSON_TABLE(@event, '$' COLUMNS (
           message VARCHAR(700) CHARACTER SET utf8mb4 PATH '$.partitionkey', type VARCHAR(100) PATH '$.type', received BIGINT PATH '$.received',
           version BIGINT PATH '$.data.Seq',
           NESTED PATH '$.data.ExtensionList[*]' COLUMNS (
             name VARCHAR(700) CHARACTER SET utf8mb4 PATH '$.Key', value LONGTEXT CHARACTER SET utf8mb4 PATH '$.Value', seq BIGINT PATH '$.Seq')
         )) e
) n ON DUPLICATE KEY UPDATE received = GREATEST(ext_log.received, VALUES(received));

-- Drop rows that another row makes unnecessary.
DELETE l FROM ext_log l JOIN ext_log n ON n.message = l.message AND n.`key` = l.`key` AND n.received >= l.received
   AND (n.seq > l.seq OR n.seq = l.seq AND (n.deleted > l.deleted OR n.deleted = l.deleted AND n.value > l.value))
 WHERE l.message = CAST(JSON_UNQUOTE(JSON_EXTRACT(@event, '$.partitionkey')) AS BINARY);
