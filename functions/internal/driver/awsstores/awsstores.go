// Package awsstores lists the state stores of the programs for AWS.
package awsstores

import (
	"msgext/functions/internal/awssdk"
	"msgext/functions/internal/driver/basestores"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/pgstate"
)

// List returns their drivers.
func List(sdk *awssdk.SDK) []state.Driver {
	return append(basestores.List(),
		dynamostate.Driver(sdk.Load),
		pgstate.Driver(0),
	)
}
