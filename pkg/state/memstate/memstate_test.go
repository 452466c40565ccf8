package memstate_test

import (
	"testing"

	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/statetest"
)

func open(*testing.T) state.Store { return memstate.New() }

func TestStore(t *testing.T) { statetest.Run(t, open) }

func TestStore_LoadsOneMoment(t *testing.T) { statetest.RunSnapshot(t, open) }
