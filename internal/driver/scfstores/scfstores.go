// Package scfstores lists the state stores of the programs for SCF.
package scfstores

import (
	"slices"

	"msgext/internal/driver/basestores"
	"msgext/internal/driver/sqlstores"
	"msgext/pkg/state"
)

// List returns their drivers. connections is for the stores that are SQL servers, see sqlstores.
func List(connections int) []state.Driver {
	return slices.Concat(basestores.List(), sqlstores.List(connections))
}
