// Package sqlstate is a state.Store over an SQL database: the one body of SQL that SQLite,
// PostgreSQL and MySQL share. The packages sqlitestate, pgstate and mysqlstate bring the connection
// and the schema.
//
// A message is one row of msgext_messages, one of msgext_entries for each key that webhooks named,
// one of msgext_seen for each version seen above the floor, and one of msgext_reads once it was
// read back. An event writes its own keys, the message's row and its mark, in one transaction. The
// view message_extensions shows the visible key-values.
//
// Rows are named by digests: SHA-256 of Message.Path and of the key. An index cannot hold texts of
// any length: PostgreSQL's ends at 2,704 bytes.
package sqlstate

import (
	"context"
	"crypto/sha256"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Database is what a Store needs of a database. It is safe for concurrent use.
type Database interface {
	// Write runs the statements in order, in one transaction, and returns once it is durable. The
	// result is how many rows each statement changed. Each statement sees what was committed before
	// it. No other write to the same message runs at the same time.
	Write(ctx context.Context, write Write) (rows []int64, err error)

	// Read runs the queries on one snapshot. A single query has one anyway.
	Read(ctx context.Context, queries []Query) error

	// Close releases the connection.
	Close() error
}

// Write is one write to a message, which is named by its digest.
type Write struct {
	Message    []byte
	Version    int64 // that is recorded or marked; 0 for a write of another kind
	Statements []Statement

	// Once is the SQL of a statement whose result for a version is also right for lesser ones. If
	// several such writes to a message share a transaction, the statement need be run only for the
	// greatest version. Empty for none.
	Once string
}

// Statement is one statement with its arguments, for placeholders ?1, ?2, ....
type Statement struct {
	SQL  string
	Args []any
}

// Query is a statement that gives rows. Row is called for each, with the function that scans it.
type Query struct {
	Statement
	Row func(scan func(...any) error) error
}

// Store implements state.Store. It is safe for concurrent use.
type Store struct {
	database Database
	sql      statements
	twoSteps bool
}

var _ state.Store = (*Store)(nil)

// New returns a Store over a database that already has the schema.
func New(database Database, dialect Dialect) *Store {
	return &Store{database, newStatements(dialect), dialect.TwoSteps}
}

// Apply implements state.Store.
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, mark state.Mark) error {
	id, version := idOf(event.Message), event.Version()
	arguments := append(identity(event.Message), event.Latest(), cleared(event), state.Milliseconds(heard))
	hear, raises := s.sql.hearOnly, mark == state.MarkNow && version == event.Latest()
	if raises {
		hear = s.sql.hearSeen
	}
	batch := make([]Statement, 0, len(event.KeyValues)+3)
	batch = append(batch, Statement{hear, arguments})
	for key, entry := range event.Entries {
		batch = append(batch, s.put(id, key, entry))
	}
	switch {
	case mark == state.MarkLater:
		_, err := s.database.Write(ctx, Write{Message: id, Version: version, Statements: batch})
		return err
	case !raises:
		batch = append(batch, s.advance(id, version))
	}
	return s.writeSeen(ctx, id, batch, version)
}

// cleared returns the version of a clear, and 0 for any other event.
func cleared(event msgext.Event) int64 {
	if event.Operation == msgext.Clear {
		return event.Seq
	}
	return 0
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	id := idOf(message)
	return s.writeSeen(ctx, id, []Statement{s.advance(id, version)}, version)
}

// writeSeen runs a batch that raises the floor if version follows it, and marks any other version
// as seen. With TwoSteps the mark is a second transaction. If that one fails, the version counts as
// not handled, as after a sink has failed.
func (s *Store) writeSeen(ctx context.Context, id []byte, batch []Statement, version int64) error {
	if !s.twoSteps {
		_, err := s.database.Write(ctx, Write{Message: id, Version: version, Statements: append(batch, s.mark(id, version))})
		return err
	}
	batch = append(batch, Statement{s.sql.reached, []any{id, version}})
	rows, err := s.database.Write(ctx, Write{id, version, batch, s.sql.reached})
	if err != nil || rows[len(rows)-1] > 0 {
		return err
	}
	batch = []Statement{{s.sql.passOver, []any{id}}, s.advance(id, version), s.mark(id, version)}
	_, err = s.database.Write(ctx, Write{id, version, batch, s.sql.passOver})
	return err
}

// Doubt implements state.Store.
func (s *Store) Doubt(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error {
	heard := int64(0)
	if source == state.FromWebhook {
		heard = state.Milliseconds(at)
	}
	arguments := append(identity(message), state.Milliseconds(at), heard)
	_, err := s.database.Write(ctx, Write{Message: idOf(message), Statements: []Statement{{s.sql.doubt, arguments}}})
	return err
}

// Announce implements state.Store.
func (s *Store) Announce(ctx context.Context, message msgext.Message, at, due time.Time) error {
	arguments := append(identity(message), state.Milliseconds(at), state.Milliseconds(due))
	_, err := s.database.Write(ctx, Write{Message: idOf(message), Statements: []Statement{{s.sql.announce, arguments}}})
	return err
}

// SaveCheck implements state.Store.
func (s *Store) SaveCheck(ctx context.Context, message msgext.Message, o state.Outcome) error {
	id := idOf(message)
	return s.writeKnown(ctx, id, []Statement{
		{s.sql.check, []any{
			id, o.Revision, state.Milliseconds(o.DroppedAt), state.Milliseconds(o.Started), o.Floor, number(o.Settles),
			state.Milliseconds(o.Decided), number(o.Read), o.Latest, milliseconds(o.AheadSince), o.AheadOver,
			milliseconds(o.Due), o.Tries, number(o.SinksUpToDate), number(o.GaveUp), number(o.Gone),
		}},
		{s.sql.passOver, []any{id}},
		{s.sql.prune, []any{id}},
		{s.sql.place, []any{id}},
	})
}

// Drop implements state.Store.
func (s *Store) Drop(ctx context.Context, message msgext.Message, drop state.Drop) (bool, error) {
	id, loaded := idOf(message), state.Milliseconds(drop.DroppedAt)
	rows, err := s.database.Write(ctx, Write{Message: id, Statements: []Statement{
		{s.sql.mayDrop, []any{id, loaded}},
		{s.sql.dropSeen, []any{id, loaded, drop.Above}},
		{s.sql.dropEntries, []any{id, loaded, drop.Above}},
		{s.sql.drop, []any{id, loaded, drop.Above, state.Milliseconds(drop.Now), milliseconds(drop.Due)}},
		{s.sql.place, []any{id}},
	}})
	if err != nil || rows[0] > 0 {
		return err == nil, err
	}
	return false, s.writeKnown(ctx, id, []Statement{{s.sql.touch, []any{id}}})
}

// Sweep implements state.Store. Which entries go is decided here, by the rule that all stores
// share. An entry is deleted only if neither the message nor its newest read has changed.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	record, err := s.Load(ctx, message)
	if err != nil || record.Check.Revision != revision {
		return err
	}
	id := idOf(message)
	batch := []Statement{{s.sql.touch, []any{id}}}
	swept := record.State.Clone()
	swept.Sweep()
	for key := range record.State.Entries {
		if _, kept := swept.Entries[key]; !kept {
			batch = append(batch, Statement{s.sql.sweep, []any{id, revision, record.State.ReadNumber(), digest(key)}})
		}
	}
	if len(batch) == 1 {
		return nil
	}
	return s.writeKnown(ctx, id, batch)
}

// Erase implements state.Store, in one transaction.
func (s *Store) Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error) {
	id := idOf(message)
	arguments := []any{id, revision}
	rows, err := s.database.Write(ctx, Write{Message: id, Statements: []Statement{
		{s.sql.mayErase, arguments},
		{s.sql.eraseEntries, arguments}, {s.sql.eraseSeen, arguments}, {s.sql.eraseRead, arguments}, {s.sql.erase, arguments},
	}})
	return err == nil && rows[0] > 0, err
}

// Forget implements state.Store.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	id := idOf(message)
	return s.writeKnown(ctx, id, []Statement{
		{s.sql.forget, []any{id}}, {s.sql.forgetEntries, []any{id}}, {s.sql.forgetSeen, []any{id}}, {s.sql.forgetRead, []any{id}},
	})
}

// Close implements state.Store.
func (s *Store) Close() error { return s.database.Close() }

// writeKnown is Write for a batch whose first statement changes the message's row. Where there is
// no such row, the message is not known.
func (s *Store) writeKnown(ctx context.Context, id []byte, batch []Statement) error {
	rows, err := s.database.Write(ctx, Write{Message: id, Statements: batch})
	if err == nil && rows[0] == 0 {
		return state.ErrNotFound
	}
	return err
}

func (s *Store) put(id []byte, key string, entry msgext.Entry) Statement {
	return Statement{s.sql.put, []any{id, digest(key), encode(key), entry.Seq, number(entry.Deleted), encode(entry.Value)}}
}

func (s *Store) advance(id []byte, version int64) Statement {
	return Statement{s.sql.advance, []any{id, version}}
}

func (s *Store) mark(id []byte, version int64) Statement {
	return Statement{s.sql.mark, []any{id, version, msgext.MaxSeen, msgext.MaxSeen - 1}}
}

func idOf(m msgext.Message) []byte { return digest(m.Path()) }

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// identity returns the arguments of a statement that may create a message's row.
func identity(m msgext.Message) []any {
	return []any{idOf(m), encode(m.SDKAppID), encode(m.GroupID), m.MsgSeq, encode(m.From), encode(m.To), encode(m.MsgKey)}
}

// milliseconds returns Unix milliseconds, or NULL for the zero time.
func milliseconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
