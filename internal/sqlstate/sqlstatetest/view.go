package sqlstatetest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

var heard = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// RunView tests that the view shows State.Visible of a message, whatever events and reads came, in
// any order.
func RunView(t *testing.T, store state.Store, viewed func(msgext.Message) []msgext.KeyValue) {
	random := rand.New(rand.NewPCG(5, 5))
	for i := range 12 {
		m := statetest.NewMessage()
		if i%2 == 1 {
			m = statetest.NewC2CMessage()
		}
		events := msgexttest.History(random, m, 12)
		for _, event := range msgexttest.Shuffle(random, events) {
			require.NoError(t, store.Apply(t.Context(), event, heard, state.MarkNow))
			if random.IntN(4) == 0 {
				Merge(t, store, m, msgexttest.Truth(events[:random.IntN(12)]))
			}
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			require.Equal(t, record.State.Visible(), viewed(m))
		}
	}
}

// Merge merges a read that follows the stored one.
func Merge(t *testing.T, store state.Store, m msgext.Message, read msgext.Snapshot) {
	t.Helper()
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	read.After = record.State.ReadNumber()
	read.Number = read.After + 1
	require.NoError(t, store.Merge(t.Context(), m, read))
}
