// Package sqlstores lists the state stores that are SQL servers.
package sqlstores

import (
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
)

// List returns their drivers. A store opens at most that many connections, and the driver's own
// number for 0. A function that serves one request at a time needs 1, and many instances of it
// share one server.
func List(connections int) []state.Driver {
	return []state.Driver{
		pgstate.Driver(connections),
		mysqlstate.Driver(connections),
	}
}
