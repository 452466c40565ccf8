// Package awsstores lists the state stores of the programs for AWS.
package awsstores

import (
	"msgext/functions/internal/awssdk"
	"msgext/functions/internal/driver/basestores"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
)

// List returns their drivers. A store over SQL opens up to so many connections, its own default for 0.
func List(sdk *awssdk.SDK, connections int) []state.Driver {
	return append(basestores.List(),
		dynamostate.Driver(sdk.Load),
		mysqlstate.Driver(connections),
		pgstate.Driver(connections),
	)
}
