package sqlitestate

import (
	"context"
	"errors"
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

// checkURL refuses what SQLite would understand elsewhere, and what would here become a file of that name.
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
