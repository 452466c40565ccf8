// Package sqlstores lists the state stores that are SQL servers.
package sqlstores

import (
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
)

// List returns their drivers. A store opens up to so many connections, the drivers' own number for
// 0: a function that serves one request at a time needs 1, and there are many of it on one server.
func List(connections int) []state.Driver {
	return []state.Driver{
		pgstate.Driver(connections),
		mysqlstate.Driver(connections),
	}
}
