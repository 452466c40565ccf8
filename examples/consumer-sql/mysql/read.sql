-- For events repaired and gone. The JSON of the event is in @event. The list is written first, then
-- the number that makes it visible. The last statements drop old rows.
INSERT IGNORE INTO ext_base (message, number, `key`, value, seq)
SELECT e.message, e.number, e.name, e.value, e.seq
  FROM JSON_TABLE(@event, '$' COLUMNS (
         message VARCHAR(700) CHARACTER SET utf8mb4 PATH '$.partitionkey', number BIGINT PATH '$.data.ReadNumber',
         NESTED PATH '$.data.ExtensionList[*]' COLUMNS (
           name VARCHAR(700) CHARACTER SET utf8mb4 PATH '$.Key', value LONGTEXT CHARACTER SET utf8mb4 PATH '$.Value', seq BIGINT PATH '$.Seq')
       )) e
 WHERE e.name IS NOT NULL;

INSERT INTO ext_read (message, number, complete, line, decided)
SELECT e.message, e.number, COALESCE(e.complete, 1), COALESCE(e.line, 0), e.decided
  FROM JSON_TABLE(@event, '$' COLUMNS (
         message VARCHAR(700) CHARACTER SET utf8mb4 PATH '$.partitionkey', number BIGINT PATH '$.data.ReadNumber',
         complete TINYINT PATH '$.data.CompleteFlag', line BIGINT PATH '$.data.LatestSeq', decided BIGINT PATH '$.data.DecidedBefore'
       )) e
    ON DUPLICATE KEY UPDATE -- complete first, because it is compared with the number of before
       complete = CASE WHEN VALUES(number) > ext_read.number THEN VALUES(complete)
                       WHEN VALUES(number) = ext_read.number THEN GREATEST(ext_read.complete, VALUES(complete)) ELSE ext_read.complete END,
       number = GREATEST(ext_read.number, VALUES(number)), line = GREATEST(ext_read.line, VALUES(line)),
       decided = GREATEST(ext_read.decided, VALUES(decided));

DELETE b FROM ext_base b JOIN ext_read r ON r.message = b.message AND b.number < r.number
 WHERE r.message = CAST(JSON_UNQUOTE(JSON_EXTRACT(@event, '$.partitionkey')) AS BINARY);

DELETE l FROM ext_log l JOIN ext_read r ON r.message = l.message AND (l.seq <= r.line OR l.received < r.decided)
 WHERE r.message = CAST(JSON_UNQUOTE(JSON_EXTRACT(@event, '$.partitionkey')) AS BINARY);
