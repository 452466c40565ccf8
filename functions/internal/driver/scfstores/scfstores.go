// Package scfstores lists the state stores of the programs for SCF.
package scfstores

import (
	"msgext/functions/internal/driver/basestores"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
)

// List returns their drivers.
func List() []state.Driver {
	return append(basestores.List(),
		pgstate.Driver(0),
	)
}
