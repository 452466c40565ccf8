package sqlitestate

import (
	"context"
	"database/sql"
	"sync"

	"msgext/internal/sqlstate"
)

// reader runs queries, on any connection of the pool.
type reader struct {
	db *sql.DB

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // by text; closed with db
}

func newReader(db *sql.DB) *reader { return &reader{db: db, prepared: make(map[string]*sql.Stmt)} }

// read runs queries on one snapshot. A single one needs no transaction, and is prepared once,
// because SQLite takes as long to prepare the statement that loads a message as to run it.
func (r *reader) read(ctx context.Context, queries []sqlstate.Query) error {
	if len(queries) == 1 {
		prepared, err := r.prepare(ctx, queries[0].SQL)
		if err != nil {
			return err
		}
		rows, err := prepared.QueryContext(ctx, queries[0].Args...)
		return each(rows, err, queries[0].Row)
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	for _, query := range queries {
		rows, err := tx.QueryContext(ctx, query.SQL, query.Args...)
		if err := each(rows, err, query.Row); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if prepared, ok := r.prepared[text]; ok {
		return prepared, nil
	}
	prepared, err := r.db.PrepareContext(ctx, text)
	if err == nil {
		r.prepared[text] = prepared
	}
	return prepared, err
}

// each calls row for each row of a query's result.
func each(rows *sql.Rows, err error, row func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err returns the same error
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
