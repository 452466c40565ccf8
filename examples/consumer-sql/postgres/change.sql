-- For events set, deleted and cleared. Each statement takes the JSON of the event as $1.
INSERT INTO ext_log AS l (message, key, seq, deleted, digest, value, received)
SELECT message, key, seq, deleted, sha256(convert_to(value, 'UTF8')), value, received FROM ext_rows($1)
    ON CONFLICT (message, key, seq, deleted, digest) DO UPDATE SET received = greatest(l.received, excluded.received);

-- Drop rows that a new row makes unnecessary.
DELETE FROM ext_log l USING ext_rows($1) n
 WHERE l.message = n.message AND l.key = n.key AND l.received <= n.received AND (l.seq, l.deleted, l.value) < (n.seq, n.deleted, n.value COLLATE "C");
