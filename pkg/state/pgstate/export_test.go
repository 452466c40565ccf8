package pgstate

import (
	"context"

	"msgext/internal/sqlstate"
	"msgext/pkg/secret"
)

// Dialect is the dialect of a store on a database that a test has wrapped.
var Dialect = dialect

// OpenDatabase is what Open opens.
func OpenDatabase(ctx context.Context, url secret.String) (sqlstate.Database, error) {
	return open(ctx, url, maxConnections)
}
