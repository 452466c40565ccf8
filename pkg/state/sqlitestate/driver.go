package sqlitestate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"msgext/internal/location"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// errLiteral is the error for a path that would name a file that nobody means.
var errLiteral = fmt.Errorf("%w; the path is taken as it stands: ~, $NAME and %%2F are not replaced, and a quote or a space at its beginning belongs to it", ErrURL)

// errBeside is the error for a file that SQLite keeps beside its database.
var errBeside = fmt.Errorf("%w; the file is one that SQLite keeps beside its database: leave out -wal, -shm or -journal", ErrURL)

// ErrURL is the driver's error for a URL without the path of a file.
var ErrURL = errors.New("sqlitestate: not sqlite: and the path of a file; SQLite's own :memory:, file: and options are not taken, memory: keeps state in memory")

// Driver returns the driver of sqlite:PATH.
func Driver() state.Driver {
	return state.Driver{Schemes: []string{"sqlite"}, Check: checkURL, Open: openURL}
}

// ErrNoStore is the error of Existing for a file that does not exist, or that has no messages.
var ErrNoStore = errors.New("sqlitestate: no store at this path, and none is made")

// Existing returns the driver of sqlite:PATH for programs that read and erase. If there is no store
// it creates none and returns ErrNoStore. Otherwise a mistyped path would look like a message that
// does not exist.
func Existing() state.Driver {
	return state.Driver{Schemes: []string{"sqlite"}, Check: checkURL, Open: func(ctx context.Context, url secret.String) (state.Store, error) {
		if err := checkURL(url); err != nil {
			return nil, err
		}
		if err := find(ctx, location.Place(url)); err != nil {
			return nil, err
		}
		return openURL(ctx, url)
	}}
}

// find returns ErrNoStore if there is no store at path, and errUnreadable if there may be one that
// cannot be read. It writes nothing.
func find(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return ErrNoStore
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: the path's folders do not let this user in", errUnreadable)
	case err != nil || !info.Mode().IsRegular():
		return ErrNoStore
	}
	db, err := sql.Open("sqlite", dataSource(path)+"&mode=ro")
	if err != nil {
		return ErrNoStore
	}
	defer func() { _ = db.Close() }() // nothing was written
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'msgext_messages'").Scan(&tables)
	if failed, ok := errors.AsType[*sqlite.Error](err); ok && failed.Code() != sqlite3.SQLITE_NOTADB && info.Size() > 0 {
		return fmt.Errorf("%w: SQLite needs a file that is whole, and a file and a folder that this user may write to: %w", errUnreadable, err)
	}
	if err != nil || tables == 0 {
		return ErrNoStore
	}
	return nil
}

// errUnreadable is the error for a file that is there and cannot be read. To call it no store would
// send its owner to look for another one.
var errUnreadable = errors.New("sqlitestate: the store's file cannot be read")

// checkURL refuses URLs that have a special meaning for SQLite, because this driver would create a
// file of that name.
func checkURL(url secret.String) error {
	path := location.Place(url)
	if path == "" || strings.HasSuffix(path, "/") || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") || strings.ContainsAny(path, "?;") {
		return ErrURL
	}
	if strings.ContainsAny(path[:1], "~$\"' ") || strings.Contains(path, "%2F") || strings.Contains(path, "%2f") {
		return errLiteral
	}
	if strings.HasSuffix(path, "-wal") || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-journal") {
		return errBeside
	}
	return nil
}

func openURL(ctx context.Context, url secret.String) (state.Store, error) {
	if err := checkURL(url); err != nil {
		return nil, err
	}
	store, err := Open(ctx, location.Place(url))
	if err != nil {
		return nil, err // a nil *Store in an interface would not be nil
	}
	return store, nil
}
