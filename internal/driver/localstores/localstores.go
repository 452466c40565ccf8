// Package localstores lists the state stores that need no server.
package localstores

import (
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/sqlitestate"
)

// List returns their drivers.
func List() []state.Driver {
	return []state.Driver{
		memstate.Driver(),
		sqlitestate.Driver(),
	}
}
