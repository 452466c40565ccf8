package sqlstate

import "strings"

// statements are the SQL of a Store. Everything about a message that only rises is written by its
// greatest value, so that any order of the same writes ends in the same rows.
type statements struct {
	hear, put, advance, mark                            string
	know, read, tidy                                    string
	checked, prune                                      string
	drop, dropSeen, dropEntries                         string
	touch, sweep                                        string
	forget, forgetEntries, forgetSeen, forgetRead       string
	load, loadSeen, loadEntries, loadRead, due, dueSeen string
}

// headColumns are scanned by head.fields.
const headColumns = `latest, floor, revision, heard, due, tries, told, ahead_since`

func newStatements(d Dialect) statements {
	functions := strings.NewReplacer("GREATEST(", d.Greatest+"(", "LEAST(", d.Least+"(")
	return statements{
		// ?1..?7 identity, ?8 latest, ?9 clear, ?10 heard, ?11 the version seen, or NULL. The next version raises
		// the floor at once, which in ordinary traffic keeps msgext_seen empty.
		hear: functions.Replace(`INSERT INTO msgext_messages AS m (id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest, clear, revision, heard, due, floor)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10, ?10, CASE WHEN CAST(?11 AS bigint) = 1 THEN 1 ELSE 0 END)
			ON CONFLICT (id) DO UPDATE SET
				latest = GREATEST(m.latest, excluded.latest),
				clear = GREATEST(m.clear, excluded.clear),
				floor = CASE WHEN m.floor = CAST(?11 AS bigint) - 1 THEN CAST(?11 AS bigint) ELSE m.floor END,
				revision = m.revision + 1,
				heard = GREATEST(m.heard, excluded.heard),
				due = LEAST(COALESCE(m.due, excluded.due), excluded.due),
				tries = 0,
				told = 0`),
		put: `INSERT INTO msgext_entries AS e (message, digest, key, seq, deleted, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
			ON CONFLICT (message, digest) DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted, value = excluded.value
			WHERE (excluded.seq, excluded.deleted, excluded.value) > (e.seq, e.deleted, e.value)`,
		advance: functions.Replace(`UPDATE msgext_messages SET latest = GREATEST(latest, ?2), floor = CASE WHEN floor = CAST(?2 AS bigint) - 1 THEN ?2 ELSE floor END WHERE id = ?1`),
		mark: `INSERT INTO msgext_seen (message, version)
			SELECT id, CAST(?2 AS bigint) FROM msgext_messages WHERE id = ?1 AND floor < ?2 AND (SELECT count(*) FROM msgext_seen WHERE message = ?1) < ?3
			ON CONFLICT (message, version) DO NOTHING`,

		// ?1..?7 identity, ?8 latest
		know: functions.Replace(`INSERT INTO msgext_messages AS m (id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
			ON CONFLICT (id) DO UPDATE SET latest = GREATEST(m.latest, excluded.latest)`),
		read: `INSERT INTO msgext_reads AS r (message, latest, clear, key_values) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (message) DO UPDATE SET latest = excluded.latest, clear = excluded.clear, key_values = excluded.key_values
			WHERE r.latest < excluded.latest`,
		tidy: `DELETE FROM msgext_entries WHERE message = ?1 AND seq <= (SELECT latest FROM msgext_reads WHERE message = ?1)`,

		// ?2 floor, ?3 revision, ?4 due, ?5 tries, ?6 told, ?7 ahead since
		checked: functions.Replace(`UPDATE msgext_messages SET
				floor = GREATEST(floor, ?2),
				latest = GREATEST(latest, ?2),
				due = CASE WHEN revision = ?3 THEN ?4 ELSE due END,
				tries = CASE WHEN revision = ?3 THEN ?5 ELSE tries END,
				told = CASE WHEN revision = ?3 THEN ?6 ELSE told END,
				ahead_since = CASE WHEN revision = ?3 THEN ?7 ELSE ahead_since END
			WHERE id = ?1`),
		prune: `DELETE FROM msgext_seen WHERE message = ?1 AND version <= (SELECT floor FROM msgext_messages WHERE id = ?1)`,

		drop: functions.Replace(`UPDATE msgext_messages SET
				latest = LEAST(latest, ?2),
				floor = LEAST(floor, CAST(?2 AS bigint) - 1),
				clear = CASE WHEN clear > ?2 THEN 0 ELSE clear END,
				revision = revision + 1,
				due = ?3,
				ahead_since = NULL
			WHERE id = ?1`),
		dropSeen:    `DELETE FROM msgext_seen WHERE message = ?1 AND version >= ?2`,
		dropEntries: `DELETE FROM msgext_entries WHERE message = ?1 AND seq > ?2`,

		touch: `UPDATE msgext_messages SET revision = revision WHERE id = ?1`,
		sweep: functions.Replace(`DELETE FROM msgext_entries WHERE message = ?1
			AND EXISTS (SELECT 1 FROM msgext_messages WHERE id = ?1 AND revision = ?2)
			AND (seq <= (SELECT GREATEST(m.clear, COALESCE(r.latest, 0)) FROM msgext_messages m LEFT JOIN msgext_reads r ON r.message = m.id WHERE m.id = ?1)
				OR deleted = 1 AND NOT EXISTS (
					SELECT 1 FROM msgext_messages m JOIN msgext_read_keys r ON r.message = m.id
					WHERE m.id = ?1 AND m.clear <= r.latest AND r.key = msgext_entries.key))`),

		forget:        `DELETE FROM msgext_messages WHERE id = ?1`,
		forgetEntries: `DELETE FROM msgext_entries WHERE message = ?1`,
		forgetSeen:    `DELETE FROM msgext_seen WHERE message = ?1`,
		forgetRead:    `DELETE FROM msgext_reads WHERE message = ?1`,

		load:        `SELECT ` + headColumns + `, clear FROM msgext_messages WHERE id = ?1`,
		loadSeen:    `SELECT version FROM msgext_seen WHERE message = ?1 ORDER BY version`,
		loadEntries: `SELECT key, seq, deleted, value FROM msgext_entries WHERE message = ?1`,
		loadRead:    `SELECT latest, clear, key_values FROM msgext_reads WHERE message = ?1`,

		due: `SELECT ` + headColumns + `, id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key
			FROM msgext_messages WHERE due <= ?1 ORDER BY due, id LIMIT ?2`,
		dueSeen: `SELECT message, version FROM msgext_seen
			WHERE message IN (SELECT id FROM msgext_messages WHERE due <= ?1 ORDER BY due, id LIMIT ?2) ORDER BY message, version`,
	}
}
