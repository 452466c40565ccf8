// Package sqlstate is a state.Store over an SQL database: the one body of SQL that SQLite
// and PostgreSQL share. The packages sqlitestate and pgstate bring the connection.
//
// A message is one row of messages, one row of entries for each key that webhooks spoke of, and
// one row of seen for each version above the floor. An event writes its own keys, one row of messages
// and its mark, in one transaction. The view message_extensions shows the visible key-values.
package sqlstate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Statement is one statement with its arguments, for placeholders ?1, ?2, ....
type Statement struct {
	SQL  string
	Args []any
}

// Database is what a Store needs of a connection. It is safe for concurrent use.
type Database interface {
	// Write runs the statements in one transaction and returns, once it is durable, how many rows the
	// last one changed.
	Write(ctx context.Context, statements []Statement) (rows int64, err error)

	// Read runs a query and calls row for each row, with the function that scans it.
	Read(ctx context.Context, query Statement, row func(scan func(...any) error) error) error

	// Close releases the connection.
	Close() error
}

// Dialect is how the databases differ.
type Dialect struct {
	Greatest, Least string // the functions of two numbers
}

// Store implements state.Store. It is safe for concurrent use.
type Store struct {
	database Database
	sql      statements
}

var _ state.Store = (*Store)(nil)

// New returns a Store over a database whose schema stands.
func New(database Database, dialect Dialect) *Store {
	return &Store{database, newStatements(dialect)}
}

// Apply implements state.Store.
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, seen bool) error {
	m, path := event.Message, event.Message.Path()
	var cleared int64
	if event.Operation == msgext.Clear {
		cleared = event.Seq
	}
	batch := make([]Statement, 0, len(event.KeyValues)+3)
	batch = append(batch, Statement{s.sql.hear, append(identity(m), event.Latest(), cleared, heard.UnixMilli())})
	for key, entry := range event.Entries {
		batch = append(batch, s.put(path, key, entry))
	}
	if seen {
		batch = append(batch, s.mark(path, event.Version())...)
	}
	_, err := s.database.Write(ctx, batch)
	return err
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	_, err := s.database.Write(ctx, s.mark(message.Path(), version))
	return err
}

func (s *Store) put(path, key string, entry msgext.Entry) Statement {
	return Statement{s.sql.put, []any{path, escape(key), entry.Seq, number(entry.Deleted), escape(entry.Value)}}
}

func (s *Store) mark(path string, version int64) []Statement {
	return []Statement{
		{s.sql.advance, []any{path, version}},
		{s.sql.mark, []any{path, version, msgext.MaxSeen}},
	}
}

// Merge implements state.Store.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	path := message.Path()
	latest := max(read.Latest, read.Ahead)
	for _, kv := range read.Newer {
		latest = max(latest, kv.Seq)
	}
	base, err := encodeBase(read)
	if err != nil {
		return err
	}
	batch := []Statement{{s.sql.merge, append(identity(message), latest, read.Latest, base, read.Clear)}}
	for _, kv := range read.Newer {
		batch = append(batch, s.put(path, kv.Key, msgext.Entry{Seq: kv.Seq, Value: kv.Value}))
	}
	batch = append(batch, Statement{s.sql.tidy, []any{path}})
	_, err = s.database.Write(ctx, batch)
	return err
}

// Checked implements state.Store.
func (s *Store) Checked(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	path, check := message.Path(), outcome.Check
	return s.writeKnown(ctx, []Statement{
		{s.sql.prune, []any{path, outcome.Floor}},
		{s.sql.checked, []any{path, outcome.Floor, check.Revision, milliseconds(check.Due), check.Tries, number(check.Told), milliseconds(check.AheadSince)}},
	})
}

// Drop implements state.Store.
func (s *Store) Drop(ctx context.Context, message msgext.Message, version int64, due time.Time) error {
	path := message.Path()
	return s.writeKnown(ctx, []Statement{
		{s.sql.dropEntries, []any{path, version}},
		{s.sql.dropSeen, []any{path, version}},
		{s.sql.drop, []any{path, version, milliseconds(due)}},
	})
}

// Sweep implements state.Store. What goes is worked out here, by the one rule; each row goes
// only if neither it nor the message has changed.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	record, err := s.Load(ctx, message)
	if err != nil || record.Check.Revision != revision {
		return err
	}
	swept := record.State.Clone()
	swept.Sweep()
	var batch []Statement
	for key, entry := range record.State.Entries {
		if _, kept := swept.Entries[key]; !kept {
			batch = append(batch, Statement{s.sql.sweep, []any{message.Path(), escape(key), entry.Seq, revision}})
		}
	}
	if len(batch) == 0 {
		return nil
	}
	_, err = s.database.Write(ctx, batch)
	return err
}

// Forget implements state.Store.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	path := []any{message.Path()}
	_, err := s.database.Write(ctx, []Statement{{s.sql.forgetSeen, path}, {s.sql.forgetEntries, path}, {s.sql.forget, path}})
	return err
}

// Close implements state.Store.
func (s *Store) Close() error { return s.database.Close() }

// writeKnown is Write of a batch whose last statement changes the message's own row.
func (s *Store) writeKnown(ctx context.Context, batch []Statement) error {
	rows, err := s.database.Write(ctx, batch)
	if err == nil && rows == 0 {
		return state.ErrNotFound
	}
	return err
}

func identity(m msgext.Message) []any {
	return []any{m.Path(), escape(m.SDKAppID), escape(m.GroupID), m.MsgSeq, escape(m.From), escape(m.To), escape(m.MsgKey)}
}

func encodeBase(read msgext.Snapshot) (string, error) {
	keyValues := make([]msgext.KeyValue, len(read.KeyValues))
	for i, kv := range read.KeyValues {
		keyValues[i] = msgext.KeyValue{Key: escape(kv.Key), Value: escape(kv.Value), Seq: kv.Seq}
	}
	encoded, err := json.Marshal(keyValues)
	if err != nil {
		return "", fmt.Errorf("sqlstate: encode base: %w", err)
	}
	return string(encoded), nil
}
