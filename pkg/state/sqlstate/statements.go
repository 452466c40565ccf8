package sqlstate

import "strings"

// statements are the SQL of a Store. Everything about a message that only rises is written by its
// greatest value, so that any order of the same writes ends in the same rows.
type statements struct {
	hear, put, advance, mark                 string
	merge, tidy                              string
	prune, checked                           string
	dropEntries, dropSeen, drop              string
	sweep, forgetSeen, forgetEntries, forget string
	load, loadEntries, loadSeen              string
	due, dueSeen                             string
}

// headColumns are scanned by head.fields.
const headColumns = `latest, floor, revision, heard, due, tries, told, ahead_since`

func newStatements(d Dialect) statements {
	s := statements{
		// ?1..?7 identity, ?8 latest, ?9 clear, ?10 heard
		hear: `INSERT INTO messages (path, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest, clear, revision, heard, due)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10, ?10)
			ON CONFLICT (path) DO UPDATE SET
				latest = GREATEST(messages.latest, excluded.latest),
				clear = GREATEST(messages.clear, excluded.clear),
				revision = messages.revision + 1,
				heard = GREATEST(messages.heard, excluded.heard),
				due = LEAST(COALESCE(messages.due, excluded.due), excluded.due),
				tries = 0,
				told = 0`,
		put: `INSERT INTO entries (path, key, seq, deleted, value) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (path, key) DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted, value = excluded.value
			WHERE (excluded.seq, excluded.deleted, excluded.value) > (entries.seq, entries.deleted, entries.value)`,
		// The next version raises the floor at once, which in ordinary traffic keeps seen empty.
		advance: `UPDATE messages SET latest = GREATEST(latest, ?2), floor = CASE WHEN floor = ?2 - 1 THEN ?2 ELSE floor END WHERE path = ?1`,
		mark: `INSERT INTO seen (path, version)
			SELECT path, CAST(?2 AS bigint) FROM messages WHERE path = ?1 AND floor < ?2 AND (SELECT count(*) FROM seen WHERE path = ?1) < ?3
			ON CONFLICT (path, version) DO NOTHING`,

		// ?1..?7 identity, ?8 latest, ?9 the read's latest, ?10 its key-values, ?11 its clear
		merge: `INSERT INTO messages (path, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest, read, base, base_clear)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
			ON CONFLICT (path) DO UPDATE SET
				latest = GREATEST(messages.latest, excluded.latest),
				base = CASE WHEN messages.base IS NULL OR messages.read < excluded.read THEN excluded.base ELSE messages.base END,
				base_clear = CASE WHEN messages.base IS NULL OR messages.read < excluded.read THEN excluded.base_clear ELSE messages.base_clear END,
				read = GREATEST(messages.read, excluded.read)`,
		tidy: `DELETE FROM entries WHERE path = ?1 AND seq <= (SELECT read FROM messages WHERE path = ?1)`,

		prune: `DELETE FROM seen WHERE path = ?1 AND version <= (SELECT GREATEST(floor, ?2) FROM messages WHERE path = ?1)`,
		checked: `UPDATE messages SET
				floor = GREATEST(floor, ?2),
				latest = GREATEST(latest, ?2),
				due = CASE WHEN revision = ?3 THEN ?4 ELSE due END,
				tries = CASE WHEN revision = ?3 THEN ?5 ELSE tries END,
				told = CASE WHEN revision = ?3 THEN ?6 ELSE told END,
				ahead_since = CASE WHEN revision = ?3 THEN ?7 ELSE ahead_since END
			WHERE path = ?1`,

		dropEntries: `DELETE FROM entries WHERE path = ?1 AND seq > ?2`,
		dropSeen:    `DELETE FROM seen WHERE path = ?1 AND version > ?2`,
		drop: `UPDATE messages SET latest = LEAST(latest, ?2), floor = LEAST(floor, ?2), clear = CASE WHEN clear > ?2 THEN 0 ELSE clear END,
			revision = revision + 1, due = ?3 WHERE path = ?1`,

		sweep: `DELETE FROM entries WHERE path = ?1 AND key = ?2 AND seq = ?3
			AND EXISTS (SELECT 1 FROM messages WHERE path = ?1 AND revision = ?4)`,
		forgetSeen:    `DELETE FROM seen WHERE path = ?1`,
		forgetEntries: `DELETE FROM entries WHERE path = ?1`,
		forget:        `DELETE FROM messages WHERE path = ?1`,

		load:        `SELECT ` + headColumns + `, clear, read, base, base_clear FROM messages WHERE path = ?1`,
		loadEntries: `SELECT key, seq, deleted, value FROM entries WHERE path = ?1`,
		loadSeen:    `SELECT version FROM seen WHERE path = ?1 ORDER BY version`,

		due: `SELECT ` + headColumns + `, path FROM messages WHERE due <= ?1 ORDER BY due, path LIMIT ?2`,
		dueSeen: `SELECT path, version FROM seen
			WHERE path IN (SELECT path FROM messages WHERE due <= ?1 ORDER BY due, path LIMIT ?2) ORDER BY path, version`,
	}
	functions := strings.NewReplacer("GREATEST(", d.Greatest+"(", "LEAST(", d.Least+"(")
	for _, sql := range s.all() {
		*sql = functions.Replace(*sql)
	}
	return s
}

func (s *statements) all() []*string {
	return []*string{
		&s.hear, &s.put, &s.advance, &s.mark, &s.merge, &s.tidy, &s.prune, &s.checked, &s.dropEntries, &s.dropSeen, &s.drop,
		&s.sweep, &s.forgetSeen, &s.forgetEntries, &s.forget, &s.load, &s.loadEntries, &s.loadSeen, &s.due, &s.dueSeen,
	}
}
