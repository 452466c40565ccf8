// Package sqlitestate keeps the state of messages in an SQLite file: the default of the local
// process, and enough for one server. The file is in WAL mode and synced at every commit, so what a Store
// has accepted survives a crash of the machine. Writers that come at once share one commit.
package sqlitestate

import (
	"context"
	"database/sql"
	_ "embed" // for schema.sql
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"msgext/pkg/state/sqlstate"
)

//go:embed schema.sql
var schema string

// pragmas hold for every connection (sqlite.org/pragma.html). With WAL only synchronous=FULL syncs at
// each commit.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"

// Open opens the file at path and creates it, and what it must contain, where it is not there.
func Open(ctx context.Context, path string) (*sqlstate.Store, error) {
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, fmt.Errorf("sqlitestate: %w", err)
	}
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE;"+schema+";COMMIT"); err != nil {
		_ = db.Close() // the schema's error is the one to report
		return nil, fmt.Errorf("sqlitestate: schema of %s: %w", path, err)
	}
	writer, err := newWriter(ctx, db)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sqlitestate: %w", err)
	}
	return sqlstate.New(&database{db, writer}, sqlstate.Dialect{Greatest: "max", Least: "min"}), nil
}

// dataSource names a file to the driver; the characters that mean something in its URI are escaped.
func dataSource(path string) string {
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) + "?" + pragmas
}

// database implements sqlstate.Database.
type database struct {
	db     *sql.DB
	writer *writer
}

// Write implements sqlstate.Database.
func (d *database) Write(ctx context.Context, statements []sqlstate.Statement) (int64, error) {
	return d.writer.write(ctx, statements)
}

// Read implements sqlstate.Database.
func (d *database) Read(ctx context.Context, query sqlstate.Statement, row func(scan func(...any) error) error) error {
	rows, err := d.db.QueryContext(ctx, query.SQL, query.Args...)
	if err != nil {
		return fmt.Errorf("sqlitestate: %w", err)
	}
	defer func() { _ = rows.Close() }() // its error is that of Err
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("sqlitestate: %w", err)
	}
	return nil
}

// Close implements sqlstate.Database. Writes that were taken are finished first.
func (d *database) Close() error {
	d.writer.close()
	return d.db.Close()
}
