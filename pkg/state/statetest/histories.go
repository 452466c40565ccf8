package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

// testRandomHistories makes the same random calls to the store and to the model.
func testRandomHistories(t *testing.T, s state.Store) {
	const histories, changes = 12, 25
	for seed := range uint64(histories) {
		random := rand.New(rand.NewPCG(seed, 1))
		m := NewMessage()
		model := memstate.New()
		events := msgexttest.History(random, m, changes)
		for i, event := range msgexttest.Shuffle(random, events) {
			if random.IntN(8) == 0 {
				event = msgexttest.Forge(random, m, 1+random.Int64N(changes))
			}
			at := start.Add(time.Duration(random.IntN(100)) * time.Second)
			steps := step(random, events, event, at)
			for _, step := range steps {
				require.NoError(t, step(t.Context(), model, m))
				require.NoError(t, step(t.Context(), s, m))
			}
			want, err := model.Load(t.Context(), m)
			require.NoError(t, err)
			sameRecord(t, want, load(t, s, m), fmt.Sprintf("seed %d, step %d", seed, i))
		}
	}
}

type call func(context.Context, state.Store, msgext.Message) error

// step is one event and sometimes something else.
func step(random *rand.Rand, events []msgext.Event, event msgext.Event, at time.Time) []call {
	seen := random.IntN(2) == 0
	calls := []call{func(ctx context.Context, s state.Store, _ msgext.Message) error { return s.Apply(ctx, event, at, seen) }}
	switch random.IntN(6) {
	case 0, 1:
		calls = append(calls, func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.MarkSeen(ctx, m, event.Version())
		})
	case 2:
		read := msgexttest.Truth(events[:random.IntN(len(events)+1)])
		calls = append(calls, func(ctx context.Context, s state.Store, m msgext.Message) error { return s.Merge(ctx, m, read) })
	case 3:
		floor, tries := random.Int64N(5), random.IntN(9)
		calls = append(calls, func(ctx context.Context, s state.Store, m msgext.Message) error {
			record, err := s.Load(ctx, m)
			if err != nil {
				return err
			}
			check := state.Check{Revision: record.Check.Revision, Due: at.Add(time.Hour), Tries: tries, Told: seen}
			return s.Checked(ctx, m, state.Outcome{Floor: floor, Check: check})
		})
	case 4:
		read := msgexttest.Truth(events[:1+random.IntN(len(events))])
		calls = append(calls, func(ctx context.Context, s state.Store, m msgext.Message) error {
			if err := s.Merge(ctx, m, read); err != nil {
				return err
			}
			record, err := s.Load(ctx, m)
			if err != nil {
				return err
			}
			// Nothing below a read is ever dropped: only what lies above the newest one.
			return s.Drop(ctx, m, record.State.Read(), at)
		})
	}
	return calls
}

func testCancelled(t *testing.T, s state.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := NewMessage()
	_, loadErr := s.Load(ctx, m)
	_, dueErr := s.Due(ctx, start, 10)
	for name, err := range map[string]error{
		"Apply":    s.Apply(ctx, SetEvent(m, 1, "v", "a"), start, false),
		"MarkSeen": s.MarkSeen(ctx, m, 1),
		"Merge":    s.Merge(ctx, m, msgext.Snapshot{Latest: 1}),
		"Load":     loadErr,
		"Due":      dueErr,
		"Checked":  s.Checked(ctx, m, state.Outcome{}),
		"Drop":     s.Drop(ctx, m, 1, start),
		"Sweep":    s.Sweep(ctx, m, 1),
		"Forget":   s.Forget(ctx, m),
	} {
		assert.ErrorIs(t, err, context.Canceled, name)
	}
}
