package sqlitestate

import (
	"context"
	"database/sql"

	"msgext/internal/sqlstate"
)

// Dialect is the dialect of a store on a database that a test has wrapped.
var Dialect = dialect

// OpenDatabase opens the database that Open uses, and returns the pool of its connections, too.
func OpenDatabase(ctx context.Context, path string) (sqlstate.Database, *sql.DB, error) {
	database, err := open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	return database, database.db, nil
}
