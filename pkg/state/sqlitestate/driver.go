package sqlitestate

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"msgext/internal/location"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// ErrURL is the error of the driver for a URL without the path of a file.
var ErrURL = errors.New("sqlitestate: not sqlite: and the path of a file; SQLite's own :memory:, file: and options are not taken, memory: keeps state in memory")

// Driver returns the driver of sqlite:PATH.
func Driver() state.Driver {
	return state.Driver{Schemes: []string{"sqlite"}, Check: checkURL, Open: openURL}
}

// ErrNoStore is the error of Existing for a file that is not there, or has no messages in it.
var ErrNoStore = errors.New("sqlitestate: no store at this path, and none is made")

// Existing returns the driver of sqlite:PATH for programs that read and erase: where there is no
// store it makes none, and says so, because a mistyped path would look like a message that is not
// there.
func Existing() state.Driver {
	return state.Driver{Schemes: []string{"sqlite"}, Check: checkURL, Open: func(ctx context.Context, url secret.String) (state.Store, error) {
		if err := checkURL(url); err != nil {
			return nil, err
		}
		if !exists(ctx, location.Place(url)) {
			return nil, ErrNoStore
		}
		return openURL(ctx, url)
	}}
}

// exists looks without writing.
func exists(ctx context.Context, path string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	db, err := sql.Open("sqlite", dataSource(path)+"&mode=ro")
	if err != nil {
		return false
	}
	defer func() { _ = db.Close() }() // it has only read
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'msgext_messages'").Scan(&tables)
	return err == nil && tables > 0
}

// checkURL refuses what SQLite would understand elsewhere, and what would here become a file of
// that name.
func checkURL(url secret.String) error {
	path := location.Place(url)
	if path == "" || strings.HasSuffix(path, "/") || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") || strings.Contains(path, "?") {
		return ErrURL
	}
	return nil
}

func openURL(ctx context.Context, url secret.String) (state.Store, error) {
	if err := checkURL(url); err != nil {
		return nil, err
	}
	store, err := Open(ctx, location.Place(url))
	if err != nil {
		return nil, err // not a nil *Store in an interface
	}
	return store, nil
}
