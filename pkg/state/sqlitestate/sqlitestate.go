// Package sqlitestate keeps the state of messages in an SQLite file. It is the default of the local
// process, and sufficient for one server. The file is in WAL mode and synced at every commit, so
// what a Store has accepted survives a crash of the machine. Concurrent writers share one commit.
//
// The driver is modernc.org/sqlite: pure Go, so that every binary builds without a C compiler.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is v0:
// it may change with any release.
package sqlitestate

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"msgext/internal/sqlstate"
)

// pragmas are set for every connection (sqlite.org/pragma.html). In WAL mode only synchronous=FULL
// syncs at each commit. fullfsync is for macOS, where a plain fsync does not reach the disk.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=fullfsync(1)"

// Store is a state.Store over one file. All SQL stores share the type, so only Open can make
// one.
type Store = sqlstate.Store

// Open opens the file at path, or creates it with its tables. Only the owner may read a file that
// Open creates, because user ids are personal data. A Store's own errors are ErrClosed and ErrFile.
func Open(ctx context.Context, path string) (*Store, error) {
	database, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("sqlitestate: open %s: %w", path, err)
	}
	return sqlstate.New(database, dialect), nil
}

var dialect = sqlstate.Dialect{Greatest: "max", Least: "min"}

func open(ctx context.Context, path string) (*database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, err
	}
	if err := applySchema(ctx, db); err != nil {
		_ = db.Close() // the schema's error is reported
		return nil, err
	}
	files := identify(path) // now that the schema's connection has created the files beside it
	writer, err := newWriter(ctx, db, files)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &database{db: db, reader: newReader(db), writer: writer, files: files}, nil
}

// dataSource returns the driver's URI for a file. Characters with a meaning in a URI are escaped.
func dataSource(path string) string {
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) + "?" + pragmas
}

// database implements sqlstate.Database.
type database struct {
	db     *sql.DB
	reader *reader
	writer *writer
	files  files

	closing sync.Once
	closed  error // what the first Close returned
}

// Write implements sqlstate.Database. There is only one writer, so writes never overlap.
func (d *database) Write(ctx context.Context, write sqlstate.Write) ([]int64, error) {
	return d.writer.write(ctx, write.Statements)
}

// Read implements sqlstate.Database. In WAL mode a reader does not wait for a writer.
func (d *database) Read(ctx context.Context, queries []sqlstate.Query) error {
	if err := d.files.check(); err != nil {
		return err
	}
	if err := d.reader.read(ctx, queries); err != nil {
		return fmt.Errorf("sqlitestate: %w", err)
	}
	return nil
}

// Close implements sqlstate.Database. It first finishes accepted writes. If the file is no longer
// the one that was opened, nothing is closed: SQLite would remove the log by its name, and that
// file may now belong to another database.
func (d *database) Close() error {
	d.closing.Do(func() {
		d.writer.close()
		if d.closed = d.files.check(); d.closed == nil {
			d.writer.release()
			d.closed = d.db.Close()
		}
	})
	return d.closed
}
