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

// Commit commits writes in one transaction, and returns how many statements it was.
func Commit(ctx context.Context, url secret.String, writes ...sqlstate.Write) (rows [][]int64, statements int, err error) {
	d, err := open(ctx, url, 1)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = d.Close() }()
	rows, err = d.commit(ctx, writes)
	return rows, len(parts(writes)), err
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
