package memstate_test

import (
	"testing"

	"msgext/pkg/state/memstate"
	"msgext/pkg/state/statetest"
)

func BenchmarkApply(b *testing.B) { statetest.BenchmarkApply(b, memstate.New()) }
