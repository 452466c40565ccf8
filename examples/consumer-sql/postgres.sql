-- A consumer in PostgreSQL 12 or later: its tables and its view. docs/consumers.md explains the
-- rule. For each event run the statements of postgres/change.sql or postgres/read.sql in order,
-- each with the event's JSON as $1. They need no transaction: after a crash between two of them the
-- event is sent again, and the view never shows half of an event. The key-values of a message are
--   SELECT key, value, seq FROM ext WHERE message = '...'
-- They are not all if ext_unread has the message, because the list of its newest read did not fit
-- into the event. Then read the message, put the list into that event with CompleteFlag 1, and run
-- postgres/read.sql with it.

-- The state of the reads. Times and numbers are as in the events: Unix milliseconds.
CREATE TABLE ext_read (
  message  text PRIMARY KEY,
  number   bigint NOT NULL,  -- of the newest read
  complete boolean NOT NULL, -- whether its list fitted into the event
  line     bigint NOT NULL,  -- greatest LatestSeq of any read, up to which all is decided
  decided  bigint NOT NULL   -- greatest DecidedBefore of any read, before which all is decided
);
CREATE TABLE ext_base (
  message text, number bigint, key text COLLATE "C", value text COLLATE "C" NOT NULL, seq bigint NOT NULL,
  PRIMARY KEY (message, number, key)
);

-- Rows of changes that no read has decided. A clear has the key ''. The primary key has the digest
-- in place of the value, because it cannot hold long text.
CREATE TABLE ext_log (
  message text, key text COLLATE "C", seq bigint, deleted boolean, digest bytea, value text COLLATE "C" NOT NULL, received bigint NOT NULL,
  PRIMARY KEY (message, key, seq, deleted, digest)
);

-- ext_event parses an event. U+0000, which JSON can hold and text cannot, becomes U+FFFD.
CREATE FUNCTION ext_event(event text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT regexp_replace(event, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g')::jsonb $$;

-- ext_rows returns the rows of a change.
CREATE FUNCTION ext_rows(event text) RETURNS TABLE (message text, key text, seq bigint, deleted boolean, value text, received bigint)
LANGUAGE sql IMMUTABLE AS $$
  SELECT e->>'partitionkey', item->>'Key', (item->>'Seq')::numeric::bigint, e->>'type' LIKE '%.deleted',
         CASE WHEN e->>'type' LIKE '%.deleted' THEN '' ELSE coalesce(item->>'Value', '') END, coalesce(e->>'received', '0')::bigint
    FROM ext_event(event) e,
         jsonb_array_elements(CASE WHEN e->>'type' LIKE '%.cleared' THEN jsonb_build_array(jsonb_build_object('Key', '', 'Seq', e->'data'->'Seq'))
                                   ELSE e->'data'->'ExtensionList' END) item
$$;

CREATE VIEW ext_live AS
SELECT l.* FROM ext_log l LEFT JOIN ext_read r ON r.message = l.message
 WHERE l.seq > coalesce(r.line, 0) AND l.received >= coalesce(r.decided, 0);

CREATE VIEW ext_unread AS
SELECT r.message, r.number FROM ext_read r
 WHERE NOT r.complete AND NOT EXISTS (SELECT 1 FROM ext_live c WHERE c.message = r.message AND c.key = '');

CREATE VIEW ext AS
WITH cleared AS (
  SELECT message, max(seq) AS seq FROM ext_live WHERE key = '' GROUP BY message
)
SELECT l.message, l.key, l.value, l.seq FROM ext_live l LEFT JOIN cleared c ON c.message = l.message
 WHERE l.key <> '' AND NOT l.deleted AND l.seq > coalesce(c.seq, 0)
   AND NOT EXISTS (SELECT 1 FROM ext_live o WHERE o.message = l.message AND o.key = l.key AND (o.seq, o.deleted, o.value) > (l.seq, l.deleted, l.value))
UNION ALL
SELECT b.message, b.key, b.value, b.seq FROM ext_base b JOIN ext_read r ON r.message = b.message AND r.number = b.number
 WHERE NOT EXISTS (SELECT 1 FROM cleared c WHERE c.message = b.message)
   AND NOT EXISTS (SELECT 1 FROM ext_live o WHERE o.message = b.message AND o.key = b.key);
