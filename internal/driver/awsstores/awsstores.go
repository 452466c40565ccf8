// Package awsstores lists the state stores of the programs for AWS.
package awsstores

import (
	"slices"

	"msgext/internal/awssdk"
	"msgext/internal/driver/basestores"
	"msgext/internal/driver/sqlstores"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
)

// List returns their drivers. connections is for the stores that are SQL servers, see sqlstores.
func List(load awssdk.Load, connections int) []state.Driver {
	return slices.Concat(basestores.List(), sqlstores.List(connections), []state.Driver{dynamostate.Driver(load)})
}
