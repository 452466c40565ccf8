package mysqlstate

import (
	"time"

	"msgext/internal/sqlstate"
	"msgext/pkg/secret"
)

// Dialect is the dialect of a store on a database that a test has wrapped.
var Dialect = dialect

// HasJSONTable is hasJSONTable.
var HasJSONTable = hasJSONTable

// OpenDatabase is what Open opens.
func OpenDatabase(url secret.String) (sqlstate.Database, error) { return open(url, maxConnections) }

// OpenAt is Open with the wall clock of another place.
func OpenAt(url secret.String, now func() time.Time) (*Store, error) {
	store, err := Open(url)
	if err == nil {
		store.database.pinger.Now = now
	}
	return store, err
}

// WriteText and ReadText are what a transaction says to its server.
func WriteText(writes ...sqlstate.Write) (string, error) {
	text, _, err := writing(writes, ordered(writes)).end()
	return text, err
}

func ReadText(queries []sqlstate.Query) (string, error) {
	text, _, err := reading(queries).end()
	return text, err
}

// IsEnded is isEnded.
var IsEnded = isEnded
