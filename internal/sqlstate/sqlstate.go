// Package sqlstate is a state.Store over an SQL database: the one body of SQL that SQLite
// and PostgreSQL share. The packages sqlitestate and pgstate bring the connection and the schema.
//
// A message is one row of msgext_messages, one of msgext_entries for each key that webhooks spoke of, one
// of msgext_seen for each version seen above the floor, and one of msgext_reads once it was read back. An
// event writes its own keys, the message's row and its mark, in one transaction. The view
// message_extensions shows the visible key-values.
//
// Rows are named by digests, SHA-256 of Message.Path and of the key, because an index takes no
// text of any length: PostgreSQL's ends at 2,704 bytes.
package sqlstate

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Database is what a Store needs of a connection. It is safe for concurrent use.
type Database interface {
	// Write runs the statements in order, in one transaction, and returns, once it is durable, how many rows
	// the first one changed. Each statement sees what was committed before it, and no other write
	// to the same message, which is named by its digest, runs meanwhile.
	Write(ctx context.Context, message []byte, statements []Statement) (rows int64, err error)

	// Read runs the queries as of one moment.
	Read(ctx context.Context, queries []Query) error

	// Close releases the connection.
	Close() error
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
	id := idOf(event.Message)
	var cleared int64
	if event.Operation == msgext.Clear {
		cleared = event.Seq
	}
	var version any
	if seen {
		version = event.Version()
	}
	batch := make([]Statement, 0, len(event.KeyValues)+2)
	batch = append(batch, Statement{s.sql.hear, append(identity(event.Message), event.Latest(), cleared, heard.UnixMilli(), version)})
	for key, entry := range event.Entries {
		batch = append(batch, s.put(id, key, entry))
	}
	if seen {
		batch = append(batch, s.mark(id, event.Version()))
	}
	_, err := s.database.Write(ctx, id, batch)
	return err
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	id := idOf(message)
	_, err := s.database.Write(ctx, id, []Statement{{s.sql.advance, []any{id, version}}, s.mark(id, version)})
	return err
}

// Merge implements state.Store.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	id := idOf(message)
	latest := max(read.Latest, read.Ahead)
	for _, kv := range read.Newer {
		latest = max(latest, kv.Seq)
	}
	base, err := encodeBase(read.KeyValues)
	if err != nil {
		return err
	}
	batch := make([]Statement, 0, len(read.Newer)+3)
	batch = append(batch,
		Statement{s.sql.know, append(identity(message), latest)},
		Statement{s.sql.read, []any{id, read.Latest, read.Clear, base}})
	for _, kv := range read.Newer {
		batch = append(batch, s.put(id, kv.Key, msgext.Entry{Seq: kv.Seq, Value: kv.Value}))
	}
	batch = append(batch, Statement{s.sql.tidy, []any{id}})
	_, err = s.database.Write(ctx, id, batch)
	return err
}

// Checked implements state.Store.
func (s *Store) Checked(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	id, check := idOf(message), outcome.Check
	return s.writeKnown(ctx, id, []Statement{
		{s.sql.checked, []any{
			id, outcome.Floor, check.Revision,
			milliseconds(check.Due), check.Tries, number(check.Told), milliseconds(check.AheadSince),
		}},
		{s.sql.prune, []any{id}},
	})
}

// Drop implements state.Store.
func (s *Store) Drop(ctx context.Context, message msgext.Message, version int64, due time.Time) error {
	id := idOf(message)
	return s.writeKnown(ctx, id, []Statement{
		{s.sql.drop, []any{id, version, milliseconds(due)}},
		{s.sql.dropSeen, []any{id, version}},
		{s.sql.dropEntries, []any{id, version}},
	})
}

// Sweep implements state.Store.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	id := idOf(message)
	return s.writeKnown(ctx, id, []Statement{
		{s.sql.touch, []any{id}},
		{s.sql.sweep, []any{id, revision}},
	})
}

// Forget implements state.Store.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	id := idOf(message)
	_, err := s.database.Write(ctx, id, []Statement{
		{s.sql.forget, []any{id}}, {s.sql.forgetEntries, []any{id}}, {s.sql.forgetSeen, []any{id}}, {s.sql.forgetRead, []any{id}},
	})
	return err
}

// Close implements state.Store.
func (s *Store) Close() error { return s.database.Close() }

// writeKnown is Write of a batch whose first statement changes the message's own row.
func (s *Store) writeKnown(ctx context.Context, id []byte, batch []Statement) error {
	rows, err := s.database.Write(ctx, id, batch)
	if err == nil && rows == 0 {
		return state.ErrNotFound
	}
	return err
}

func (s *Store) put(id []byte, key string, entry msgext.Entry) Statement {
	return Statement{s.sql.put, []any{id, digest(key), encode(key), entry.Seq, number(entry.Deleted), encode(entry.Value)}}
}

func (s *Store) mark(id []byte, version int64) Statement {
	return Statement{s.sql.mark, []any{id, version, msgext.MaxSeen}}
}

func idOf(m msgext.Message) []byte { return digest(m.Path()) }

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// identity is the arguments of a statement that may create a message.
func identity(m msgext.Message) []any {
	return []any{idOf(m), encode(m.SDKAppID), encode(m.GroupID), m.MsgSeq, encode(m.From), encode(m.To), encode(m.MsgKey)}
}

func encodeBase(keyValues []msgext.KeyValue) (string, error) {
	encoded := make([]msgext.KeyValue, len(keyValues))
	for i, kv := range keyValues {
		encoded[i] = msgext.KeyValue{Key: encode(kv.Key), Value: encode(kv.Value), Seq: kv.Seq}
	}
	text, err := json.Marshal(encoded)
	if err != nil {
		return "", fmt.Errorf("sqlstate: encode read: %w", err)
	}
	return string(text), nil
}

// milliseconds is Unix time; NULL stands for the zero time.
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
