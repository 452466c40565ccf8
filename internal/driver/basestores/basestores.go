// Package basestores lists the state stores of every program in a cloud.
package basestores

import (
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
)

// List returns their drivers.
func List() []state.Driver {
	return []state.Driver{
		redisstate.Driver(),
	}
}
