-- For events repaired and gone. Each statement takes the JSON of the event as $1. The list is
-- written first, then the number that makes it visible. The last statements drop old rows.
INSERT INTO ext_base (message, number, key, value, seq)
SELECT e->>'partitionkey', (e->'data'->>'ReadNumber')::bigint, item->>'Key', item->>'Value', (item->>'Seq')::bigint
  FROM ext_event($1) e, jsonb_array_elements(coalesce(e->'data'->'ExtensionList', '[]')) item
    ON CONFLICT DO NOTHING;

INSERT INTO ext_read AS r (message, number, complete, line, decided)
SELECT e->>'partitionkey', (e->'data'->>'ReadNumber')::bigint, coalesce(e->'data'->>'CompleteFlag', '1') = '1',
       coalesce((e->'data'->>'LatestSeq')::bigint, 0), (e->'data'->>'DecidedBefore')::bigint
  FROM ext_event($1) e
    ON CONFLICT (message) DO UPDATE SET
       complete = CASE WHEN excluded.number > r.number THEN excluded.complete ELSE r.complete OR excluded.number = r.number AND excluded.complete END,
       number = greatest(r.number, excluded.number), line = greatest(r.line, excluded.line),
       decided = greatest(r.decided, excluded.decided);

DELETE FROM ext_base b USING ext_read r
 WHERE r.message = ext_event($1)->>'partitionkey' AND b.message = r.message AND b.number < r.number;

DELETE FROM ext_log l USING ext_read r
 WHERE r.message = ext_event($1)->>'partitionkey' AND l.message = r.message AND (l.seq <= r.line OR l.received < r.decided);
