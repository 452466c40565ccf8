package pgstate

import (
	"context"
	"time"

	"msgext/internal/sqlstate"
	"msgext/pkg/secret"
)

// Dialect is the dialect of a store on a database that a test has wrapped.
var Dialect = dialect

// OpenDatabase opens the database that Open uses.
func OpenDatabase(ctx context.Context, url secret.String) (sqlstate.Database, error) {
	return open(ctx, url, maxConnections)
}

// OpenAt is Open with another wall clock.
func OpenAt(ctx context.Context, url secret.String, now func() time.Time) (*Store, error) {
	database, err := open(ctx, url, maxConnections)
	if err != nil {
		return nil, err
	}
	database.pinger.Now = now
	return sqlstate.New(database, dialect), nil
}

// ClearText reports whether a URL allows a connection without TLS.
func ClearText(url secret.String) (bool, error) {
	config, err := parse(url, 1)
	if err != nil {
		return false, err
	}
	plain := config.ConnConfig.TLSConfig == nil
	for _, next := range config.ConnConfig.Fallbacks {
		plain = plain || next.TLSConfig == nil
	}
	return plain, nil
}

// LockOf is lockOf.
var LockOf = lockOf
