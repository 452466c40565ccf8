// Package pgstate keeps the state of messages in PostgreSQL 12 or later. An event costs one round
// trip: its transaction travels as one pipeline, BEGIN to COMMIT. (The first on a new connection costs one more, which
// prepares the statements; behind a pooler that cannot have that, add default_query_exec_mode=exec
// to the URL.)
//
// The schema is not made by the store, whose role then needs no right to create: apply Schema once,
// and again after an upgrade, with scripts/schema-postgres or psql.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is
// v0: it may change with any release.
package pgstate

import (
	"context"
	_ "embed" // for schema.sql
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/internal/sqlstate"
	"msgext/pkg/secret"
)

// Schema is the SQL that makes the tables and the view message_extensions. Applying it
// again changes nothing.
//
//go:embed schema.sql
var Schema string

// ErrSchema is every call's error where the schema is missing or of an earlier version.
var ErrSchema = errors.New("pgstate: tables are missing or out of date, apply the schema with scripts/schema-postgres")

// maxConnections of one process; a function serves one request at a time, a server many.
const maxConnections = 16

// Store is a state.Store over one database. SQLite and PostgreSQL share it, so it is made by Open alone.
type Store = sqlstate.Store

// Open returns a Store on the database at a postgres:// URL. It connects when it is first used. Its
// error wraps ErrURL.
func Open(ctx context.Context, url secret.String) (*Store, error) {
	database, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	return sqlstate.New(database, dialect), nil
}

var dialect = sqlstate.Dialect{Greatest: "GREATEST", Least: "LEAST"}

func open(ctx context.Context, url secret.String) (*database, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, ErrURL
	}
	return &database{pool}, nil
}

// database implements sqlstate.Database.
type database struct{ pool *pgxpool.Pool }

// What a transaction begins with. The levels are named because a database may have others as its
// default, and synchronous_commit because a role may have it off: then a commit is not yet durable.
// The lock keeps writes to one message apart, also where the message has no row yet.
const (
	beginRead  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	beginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED"
	lock       = "SELECT set_config('synchronous_commit', 'on', true), pg_advisory_xact_lock($1)"
)

// Write implements sqlstate.Database.
func (d *database) Write(ctx context.Context, message []byte, statements []sqlstate.Statement) (rows int64, err error) {
	batch := &pgx.Batch{}
	batch.Queue(beginWrite)
	batch.Queue(lock, int64(binary.BigEndian.Uint64(message)))
	for i, statement := range statements {
		queued := batch.Queue(placeholders(statement.SQL), statement.Args...)
		if i == 0 {
			queued.Exec(func(tag pgconn.CommandTag) error {
				rows = tag.RowsAffected()
				return nil
			})
		}
	}
	batch.Queue("COMMIT")
	return rows, explain(d.pool.SendBatch(ctx, batch).Close())
}

// Read implements sqlstate.Database.
func (d *database) Read(ctx context.Context, queries []sqlstate.Query) error {
	batch := &pgx.Batch{}
	batch.Queue(beginRead)
	for _, query := range queries {
		batch.Queue(placeholders(query.SQL), query.Args...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := query.Row(rows.Scan); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	batch.Queue("COMMIT")
	return explain(d.pool.SendBatch(ctx, batch).Close())
}

// Close implements sqlstate.Database.
func (d *database) Close() error {
	d.pool.Close()
	return nil
}

// placeholders writes ?1 as $1; the statements hold no other question mark.
func placeholders(sql string) string { return strings.ReplaceAll(sql, "?", "$") }

// explain names the one mistake that everybody makes once. A server's error quotes rows in its
// detail, so only its message and code are kept.
func explain(err error) error {
	const undefinedTable, undefinedColumn = "42P01", "42703" // postgresql.org/docs/15/errcodes-appendix.html
	var server *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server) && (server.Code == undefinedTable || server.Code == undefinedColumn):
		return ErrSchema
	case errors.As(err, &server):
		return fmt.Errorf("pgstate: %s (%s)", server.Message, server.Code)
	}
	return fmt.Errorf("pgstate: %w", err)
}
