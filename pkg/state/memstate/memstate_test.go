package memstate_test

import (
	"testing"

	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/statetest"
)

func TestStore(t *testing.T) {
	statetest.Run(t, func(*testing.T) state.Store { return memstate.New() })
}
