package sqlstate

// statements is the SQL of a Store. A value that only rises is written as the greater of the old
// and the new one, so that the same writes in any order end in the same rows. Where a call writes
// only under a condition, its first statement tells whether the condition holds, and the others
// repeat it.
//
// No assignment reads a column that an assignment before it has changed, because MySQL evaluates
// them from left to right.
type statements struct {
	hearSeen, hearOnly, put                       string
	advance, mark, reached                        string
	doubt, announce                               string
	reread, read, know, putNewer, tidy            string
	check, passOver, prune, place                 string
	mayDrop, dropSeen, dropEntries, drop          string
	touch, sweep                                  string
	mayErase, eraseEntries, eraseSeen, eraseRead  string
	erase                                         string
	forget, forgetEntries, forgetSeen, forgetRead string
	load, due, dueSeen, each, eachSeen, count     string
}

// head.fields scans headColumns, and head.identity scans identityColumns.
const (
	headColumns = `m.latest, m.floor, m.revision, m.heard, m.announced, COALESCE(m.due, 0), m.tries, m.told, m.doubted,
		COALESCE(m.ahead_since, 0), m.ahead_over, m.dropped_at, m.gave_up, m.gone`
	identityNames   = `id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key`
	identityColumns = `m.id, m.sdk_app_id, m.group_id, m.msg_seq, m.from_account, m.to_account, m.msg_key`
)

// Newer fails where the schema is newer than this package: it is then a subquery of more than one
// row. A transaction includes it because that costs nothing, while a query before the first
// transaction would cost a round trip. The schema may also change while a process runs.
const Newer = `SELECT 1 UNION ALL SELECT 1 FROM msgext_schema WHERE version > 2`

// entry writes an entry of a key if it is greater than the stored one.
func entry(source string) upsert {
	return upsert{
		table: "msgext_entries", alias: "e", key: "message, digest", columns: `message, digest, "key", seq, deleted, value`,
		source: source,
		// In this order the condition stays true until its last column is assigned, or nothing is
		// left to assign.
		set:   []string{`value = excluded.value`, `deleted = excluded.deleted`, `seq = excluded.seq`},
		where: `(excluded.seq, excluded.deleted, excluded.value) > (e.seq, e.deleted, e.value)`,
	}
}

// hear records an event. floor is the floor of a new message, and raised the assignment that raises
// the floor of a known one. Only the row has arguments, so that several of them can be sent as one
// statement.
func hear(floor, raised string) upsert {
	return upsert{
		table: "msgext_messages", alias: "m", key: "id",
		columns: identityNames + `, latest, clear, revision, heard, due, floor`,
		source:  `VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, CAST(?10 AS bigint) + 1, ?10, ?10, ` + floor + `)`,
		set: []string{
			`latest = GREATEST(m.latest, excluded.latest)`,
			`clear = GREATEST(m.clear, excluded.clear)`,
			`revision = m.revision + 1`,
			`heard = GREATEST(m.heard, excluded.heard)`,
			`due = LEAST(COALESCE(m.due, excluded.due), excluded.due)`,
			`lane = 0`,
			`tries = 0`,
			`told = 0`,
			`gave_up = 0`,
			raised,
		},
	}
}

// after is the version after a column's version, or NULL after the greatest.
func after(column string) string {
	return `CASE WHEN ` + column + ` < 9223372036854775807 THEN ` + column + ` + 1 END`
}

// islandEnd is the last of the consecutive seen versions that begin with from. Rows at or below the
// floor may still exist until a check prunes them.
func islandEnd(from string) string {
	return `(SELECT min(s.version) FROM msgext_seen s WHERE s.message = ?1 AND s.version >= ` + from + `
		AND NOT EXISTS (SELECT 1 FROM msgext_seen n WHERE n.message = ?1 AND n.version = ` + after("s.version") + `))`
}

// raised is the floor after a version of a message was seen. The floor rises only if the version
// follows it. It then passes over the versions that were seen and follow this one without a gap.
// With TwoSteps they are passed over later: with the next version that does not follow, or at the
// next check.
func (d Dialect) raised(floor, id, version string) string {
	to := `COALESCE((SELECT max(s.version) FROM (SELECT version, row_number() OVER (ORDER BY version) AS n
		FROM msgext_seen WHERE message = ` + id + ` AND version > ` + version + `) s WHERE s.version - s.n = ` + version + `), ` + version + `)`
	if d.TwoSteps {
		to = version
	}
	return `floor = CASE WHEN ` + floor + ` = ` + version + ` - 1 THEN ` + to + ` ELSE ` + floor + ` END`
}

func newStatements(d Dialect) statements {
	const (
		identity = identityNames
		// merged holds while the merged read is the caller's: ?1 message, ?2 number, ?3 digest.
		merged = `EXISTS (SELECT 1 FROM msgext_reads WHERE message = ?1 AND number = ?2 AND digest = ?3)`
		// unDropped holds while nothing was dropped since the load: ?1 message, ?2 dropped_at.
		unDropped = `EXISTS (SELECT 1 FROM msgext_messages WHERE id = ?1 AND dropped_at = ?2)`
		// unchanged holds while the message has not changed: ?1 message, ?2 revision.
		unchanged = `EXISTS (SELECT 1 FROM msgext_messages WHERE id = ?1 AND revision = ?2)`
		// page is the messages that Due selects: ?1 lane, ?2 before, ?3 and ?4 the due and id of
		// the cursor, ?5 limit.
		page = `FROM msgext_messages m WHERE m.lane = ?1 AND m.due <= ?2 AND m.due >= ?3 AND (m.due > ?3 OR m.id > ?4)
			ORDER BY m.due, m.id LIMIT ?5`
		// slice is the messages that Each selects: ?1 the id of the cursor, ?2 limit.
		slice = `FROM msgext_messages m WHERE m.id > ?1 ORDER BY m.id LIMIT ?2`
	)
	return statements{
		// ?1..?7 identity, ?8 latest, ?9 clear, ?10 heard. hearSeen is for an event that is marked
		// at once and whose version is its latest. A version that follows the floor raises it, so
		// that msgext_seen stays empty in ordinary traffic.
		hearSeen: d.upsert(hear(`CASE WHEN CAST(?8 AS bigint) = 1 THEN 1 ELSE 0 END`, d.raised("m.floor", "excluded.id", "excluded.latest"))),
		hearOnly: d.upsert(hear(`0`, `floor = m.floor`)),
		put:      d.upsert(entry(`VALUES (?1, ?2, ?3, ?4, ?5, ?6)`)),
		advance:  d.text(`UPDATE msgext_messages SET latest = GREATEST(latest, ?2), ` + d.raised("floor", "?1", "CAST(?2 AS bigint)") + ` WHERE id = ?1`),
		// Changes nothing. It finds the row if all versions up to ?2 were seen.
		reached: `UPDATE msgext_messages SET revision = revision WHERE id = ?1 AND floor >= ?2`,
		mark: d.upsert(upsert{
			table: "msgext_seen", alias: "n", key: "message, version", columns: `message, version`,
			// ?3 how many versions are kept, ?4 one less. No version is above latest. So they are
			// counted only if they might be too many.
			source: `SELECT m.id, CAST(?2 AS bigint) FROM msgext_messages m WHERE m.id = ?1 AND m.floor < ?2
				AND (m.latest - m.floor <= ?3 OR NOT EXISTS (SELECT 1 FROM msgext_seen s WHERE s.message = ?1 AND s.version > m.floor LIMIT 1 OFFSET ?4))`,
		}),

		// ?1..?7 identity, ?8 at, ?9 heard
		doubt: d.upsert(upsert{
			table: "msgext_messages", alias: "m", key: "id",
			columns: identity + `, latest, revision, doubted, dropped_at, heard, due, standing`,
			source:  `VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, CAST(?8 AS bigint) + 1, CAST(?8 AS bigint) + 1, ?8, ?9, ?8, 1)`,
			set: []string{
				`doubted = m.revision + 1`,
				`dropped_at = GREATEST(m.dropped_at, excluded.dropped_at)`,
				`revision = m.revision + 1`,
				`heard = GREATEST(m.heard, excluded.heard)`,
				`due = LEAST(COALESCE(m.due, excluded.due), excluded.due)`,
				`lane = 0`,
				`standing = 1`,
				`tries = 0`,
				`told = 0`,
				`gave_up = 0`,
			},
		}),
		// ?1..?7 identity, ?8 at, ?9 due
		announce: d.upsert(upsert{
			table: "msgext_messages", alias: "m", key: "id",
			columns: identity + `, latest, revision, announced, due, lane`,
			source:  `VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, CAST(?8 AS bigint) + 1, ?8, ?9, 2)`,
			set: []string{
				`revision = CASE WHEN m.announced = 0 AND m.heard = 0 THEN m.revision + 1 ELSE m.revision END`,
				`due = CASE WHEN m.announced = 0 AND m.heard = 0 THEN LEAST(COALESCE(m.due, excluded.due), excluded.due) ELSE m.due END`,
				`lane = CASE WHEN m.heard = 0 AND m.doubted = 0 THEN 2 ELSE m.lane END`,
				`announced = CASE WHEN m.announced = 0 THEN excluded.announced ELSE m.announced END`,
			},
		}),

		// ?2 number, ?3 digest, ?4 after, ?5 latest, ?6 clear, ?7 key-values. A read that is
		// already stored is written again.
		reread: `UPDATE msgext_reads SET number = ?2, digest = ?3, latest = ?5, clear = ?6, key_values = ?7
			WHERE message = ?1 AND (number = ?4 OR number = ?2 AND digest = ?3)`,
		read: d.text(`INSERT INTO msgext_reads (message, number, digest, latest, clear, key_values)
			SELECT ?1, ?2, ?3, ?5, ?6, ?7 /*nothing*/ WHERE CAST(?4 AS bigint) = 0 AND NOT EXISTS (SELECT 1 FROM msgext_reads WHERE message = ?1)`),
		// ?1 id, ?2 number, ?3 digest, ?4..?9 the rest of the identity, ?10 latest, ?11 the read's
		// latest
		know: d.upsert(upsert{
			table: "msgext_messages", alias: "m", key: "id",
			columns: identity + `, latest, line, revision, due`,
			source:  `SELECT ?1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?2, ?2 /*nothing*/ WHERE ` + merged,
			set:     []string{`latest = GREATEST(m.latest, excluded.latest)`, `line = GREATEST(m.line, excluded.line)`},
		}),
		// From ?4 on: the arguments of put from ?2 on
		putNewer: d.upsert(entry(`SELECT ?1, ?4, ?5, ?6, ?7, ?8 /*nothing*/ WHERE ` + merged)),
		tidy: d.text(`DELETE FROM msgext_entries WHERE message = ?1 AND seq <= (
			SELECT GREATEST(m.line, r.latest) FROM msgext_messages m JOIN msgext_reads r ON r.message = m.id WHERE m.id = ?1)`),

		// ?2 revision, ?3 dropped at as loaded, ?4 started, ?5 floor, ?6 settles, ?7 decided, ?8
		// read, ?9 the read's latest, ?10 ahead since, ?11 ahead over, ?12 due, ?13 tries, ?14
		// told, ?15 gave up, ?16 gone
		check: d.text(`UPDATE msgext_messages SET
				floor = CASE WHEN dropped_at = ?3 THEN GREATEST(floor, ?5) ELSE floor END,
				latest = CASE WHEN dropped_at = ?3 THEN GREATEST(latest, ?5) ELSE latest END,
				ahead_since = CASE WHEN ?8 = 1 AND dropped_at = ?3 AND ahead_over <= ?9 THEN CAST(?10 AS bigint) ELSE ahead_since END,
				ahead_over = CASE WHEN ?8 = 1 AND dropped_at = ?3 AND ahead_over <= ?9 THEN CAST(?11 AS bigint) ELSE ahead_over END,
				doubted = CASE WHEN ?6 = 1 AND doubted <= ?2 THEN 0 ELSE doubted END,
				dropped_at = CASE WHEN ?6 = 1 AND dropped_at < ?7 THEN 0 ELSE dropped_at END,
				due = CASE WHEN revision = ?2 THEN CAST(?12 AS bigint) WHEN due IS NOT NULL THEN GREATEST(due, ?4) END,
				tries = CASE WHEN revision = ?2 THEN CAST(?13 AS bigint) ELSE tries END,
				told = CASE WHEN revision = ?2 THEN ?14 ELSE told END,
				gave_up = CASE WHEN revision = ?2 THEN ?15 ELSE gave_up END,
				gone = CASE WHEN revision = ?2 THEN ?16 ELSE gone END
			WHERE id = ?1`),
		passOver: `UPDATE msgext_messages SET floor = ` + islandEnd(after("msgext_messages.floor")) + `
			WHERE id = ?1 AND EXISTS (SELECT 1 FROM msgext_seen t WHERE t.message = ?1 AND t.version = ` + after("msgext_messages.floor") + `)`,
		prune: `DELETE FROM msgext_seen WHERE message = ?1 AND version <= (SELECT floor FROM msgext_messages WHERE id = ?1)`,
		// The rules of state.Check.Lane and Standing.
		place: `UPDATE msgext_messages SET
				lane = CASE WHEN announced <> 0 AND heard = 0 AND doubted = 0 THEN 2 WHEN tries > 0 THEN 1 ELSE 0 END,
				standing = CASE WHEN gave_up = 1 THEN 2 WHEN tries > 0 OR doubted <> 0 OR ahead_over <> 0 OR dropped_at <> 0 THEN 1 ELSE 0 END
			WHERE id = ?1`,

		// ?2 dropped at as loaded, ?3 version, ?4 now, ?5 due
		mayDrop:     `UPDATE msgext_messages SET revision = revision WHERE id = ?1 AND dropped_at = ?2`,
		dropSeen:    `DELETE FROM msgext_seen WHERE message = ?1 AND version >= ?3 AND ` + unDropped,
		dropEntries: `DELETE FROM msgext_entries WHERE message = ?1 AND seq > ?3 AND ` + unDropped,
		drop: d.text(`UPDATE msgext_messages SET
				latest = LEAST(latest, ?3),
				floor = LEAST(floor, CAST(?3 AS bigint) - 1),
				line = LEAST(line, ?3),
				clear = CASE WHEN clear > ?3 THEN 0 ELSE clear END,
				revision = revision + 1,
				dropped_at = GREATEST(GREATEST(heard, ?4), dropped_at + 1),
				due = ?5,
				tries = 0,
				ahead_since = NULL,
				ahead_over = 0
			WHERE id = ?1 AND dropped_at = ?2`),

		touch: `UPDATE msgext_messages SET revision = revision WHERE id = ?1`,
		// ?2 revision, ?3 the number of the newest read, ?4 the digest of a key
		sweep: `DELETE FROM msgext_entries WHERE message = ?1 AND digest = ?4 AND ` + unchanged + `
			AND ?3 = (SELECT COALESCE(max(number), 0) FROM msgext_reads WHERE message = ?1)`,

		mayErase:     `UPDATE msgext_messages SET revision = revision WHERE id = ?1 AND revision = ?2`,
		eraseEntries: `DELETE FROM msgext_entries WHERE message = ?1 AND ` + unchanged,
		eraseSeen:    `DELETE FROM msgext_seen WHERE message = ?1 AND ` + unchanged,
		eraseRead:    `DELETE FROM msgext_reads WHERE message = ?1 AND ` + unchanged,
		erase:        `DELETE FROM msgext_messages WHERE id = ?1 AND revision = ?2`,

		forget:        `DELETE FROM msgext_messages WHERE id = ?1`,
		forgetEntries: `DELETE FROM msgext_entries WHERE message = ?1`,
		forgetSeen:    `DELETE FROM msgext_seen WHERE message = ?1`,
		forgetRead:    `DELETE FROM msgext_reads WHERE message = ?1`,

		load: d.text(load),

		due: `SELECT ` + headColumns + `, ` + identityColumns + ` ` + page,
		dueSeen: `SELECT s.message, s.version FROM msgext_seen s JOIN (SELECT m.id, m.floor ` + page + `) p ON p.id = s.message
			WHERE s.version > p.floor ORDER BY s.message, s.version`,
		each: `SELECT ` + headColumns + `, ` + identityColumns + ` ` + slice,
		eachSeen: `SELECT s.message, s.version FROM msgext_seen s JOIN (SELECT m.id, m.floor ` + slice + `) p ON p.id = s.message
			WHERE s.version > p.floor ORDER BY s.message, s.version`,
		count: `SELECT
			(SELECT count(*) FROM (SELECT 1 AS n FROM msgext_messages WHERE standing = 1 LIMIT ?1) o),
			(SELECT count(*) FROM (SELECT 1 AS n FROM msgext_messages WHERE standing = 2 LIMIT ?1) s),
			(SELECT min(due) FROM msgext_messages WHERE lane = 0 AND due IS NOT NULL),
			(SELECT min(due) FROM msgext_messages WHERE lane = 1 AND due IS NOT NULL)`,
	}
}
