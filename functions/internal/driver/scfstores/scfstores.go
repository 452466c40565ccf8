// Package scfstores lists the state stores of the programs for SCF.
package scfstores

import (
	"msgext/functions/internal/driver/basestores"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
)

// List returns their drivers. A store over SQL opens up to so many connections, its own default for 0.
func List(connections int) []state.Driver {
	return append(basestores.List(),
		mysqlstate.Driver(connections),
		pgstate.Driver(connections),
	)
}
