package mysqlstate

import (
	"context"
	"time"

	"msgext/internal/sqlstate"
	"msgext/pkg/secret"
)

// Dialect is the dialect of a store on a database that a test has wrapped.
var Dialect = dialect

// HasJSONTable is hasJSONTable.
var HasJSONTable = hasJSONTable

// OpenDatabase opens the database that Open uses.
func OpenDatabase(url secret.String) (sqlstate.Database, error) { return open(url, maxConnections) }

// OpenAt is Open with another wall clock.
func OpenAt(url secret.String, now func() time.Time) (*Store, error) {
	store, err := Open(url)
	if err == nil {
		store.database.pinger.Now = now
	}
	return store, err
}

// WriteText and ReadText return the text of a transaction as it is sent to the server.
func WriteText(writes ...sqlstate.Write) (string, error) {
	text, _, err := writing(writes, sqlstate.Ordered(writes)).end()
	return text, err
}

func ReadText(queries []sqlstate.Query) (string, error) {
	text, _, err := reading(queries).end()
	return text, err
}

// Commit commits writes in one transaction.
func Commit(ctx context.Context, url secret.String, writes ...sqlstate.Write) ([][]int64, error) {
	d, err := open(url, 1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return d.commit(ctx, writes)
}

// IsEnded is isEnded.
var IsEnded = isEnded

// LockOf is lockOf.
var LockOf = lockOf
