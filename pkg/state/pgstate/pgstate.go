// Package pgstate keeps the state of messages in PostgreSQL 12 or later. An event costs one round
// trip: its statements travel as one pipeline and commit together.
//
// The schema is not made by the store, whose role then needs no right to create: apply Schema once,
// and again after an upgrade, with scripts/schema-postgres or psql.
package pgstate

import (
	"context"
	_ "embed" // for schema.sql
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/pkg/secret"
	"msgext/pkg/state/sqlstate"
)

// Schema is the SQL that makes the tables and the view message_extensions. Applying it
// again changes nothing.
//
//go:embed schema.sql
var Schema string

// Errors.
var (
	ErrURL    = errors.New("pgstate: not a PostgreSQL URL")
	ErrSchema = errors.New("pgstate: tables are missing, apply the schema with scripts/schema-postgres")
)

// maxConnections of one process; a function serves one request at a time, a server many.
const maxConnections = 16

// Open returns a Store on the database at a postgres:// URL. It connects when it is first used. Its
// error is ErrURL.
func Open(ctx context.Context, url secret.String) (*sqlstate.Store, error) {
	config, err := pgxpool.ParseConfig(url.Reveal())
	if err != nil {
		return nil, ErrURL // the cause would quote the URL
	}
	if !strings.Contains(url.Reveal(), "pool_max_conns") {
		config.MaxConns = maxConnections
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, ErrURL
	}
	return sqlstate.New(&database{pool}, sqlstate.Dialect{Greatest: "GREATEST", Least: "LEAST"}), nil
}

// database implements sqlstate.Database.
type database struct{ pool *pgxpool.Pool }

// Write implements sqlstate.Database: a pipeline is one transaction, ended by its one sync.
func (d *database) Write(ctx context.Context, statements []sqlstate.Statement) (rows int64, err error) {
	batch := &pgx.Batch{}
	for _, statement := range statements {
		batch.Queue(placeholders(statement.SQL), statement.Args...)
	}
	results := d.pool.SendBatch(ctx, batch)
	for range statements {
		tag, execErr := results.Exec()
		if execErr != nil {
			err = execErr
			break
		}
		rows = tag.RowsAffected()
	}
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	return rows, explain(err)
}

// Read implements sqlstate.Database.
func (d *database) Read(ctx context.Context, query sqlstate.Statement, row func(scan func(...any) error) error) error {
	rows, err := d.pool.Query(ctx, placeholders(query.SQL), query.Args...)
	if err != nil {
		return explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return explain(rows.Err())
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
	const undefinedTable = "42P01" // postgresql.org/docs/current/errcodes-appendix.html
	var server *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server) && server.Code == undefinedTable:
		return ErrSchema
	case errors.As(err, &server):
		return fmt.Errorf("pgstate: %s (%s)", server.Message, server.Code)
	}
	return fmt.Errorf("pgstate: %w", err)
}
