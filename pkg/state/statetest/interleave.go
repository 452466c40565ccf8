package statetest

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/state"
)

// testContention lets sixteen writers apply the same events to one message, each in an order of its own.
func testContention(t *testing.T, s state.Store) {
	const writers, changes = 16, 20
	m := NewMessage()
	events := msgexttest.History(rand.New(rand.NewPCG(7, 7)), m, changes)
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(writer), 0))
			for _, event := range msgexttest.Shuffle(random, events) {
				assert.NoError(t, s.Apply(t.Context(), event, start, random.IntN(2) == 0))
				assert.NoError(t, s.MarkSeen(t.Context(), m, event.Version()))
			}
		})
	}
	all.Wait()
	record := load(t, s, m)
	assert.Equal(t, msgexttest.Truth(events).Reply(), record.State.Reply())
	assert.False(t, record.State.Gap())
	assert.GreaterOrEqual(t, record.Check.Revision, int64(writers*changes))
}

// testEveryMethodAtOnce: no interleaving of the methods fails, as by a deadlock, and none leaves
// anything behind that Forget does not find.
func testEveryMethodAtOnce(t *testing.T, s state.Store) {
	const writers, changes = 16, 12
	ctx, m := t.Context(), NewMessage()
	events := msgexttest.History(rand.New(rand.NewPCG(3, 3)), m, changes)
	known := func(err error) { // somebody else may have forgotten the message
		if err != nil {
			assert.ErrorIs(t, err, state.ErrNotFound)
		}
	}
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(writer), 1))
			for _, event := range msgexttest.Shuffle(random, events) {
				assert.NoError(t, s.Apply(ctx, event, start, random.IntN(2) == 0))
				assert.NoError(t, s.MarkSeen(ctx, m, event.Version()))
				switch random.IntN(8) {
				case 0, 1:
					assert.NoError(t, s.Merge(ctx, m, msgexttest.Truth(events[:random.IntN(changes)])))
				case 2, 3:
					known(s.Checked(ctx, m, state.Outcome{Floor: random.Int64N(changes)}))
				case 4:
					known(s.Drop(ctx, m, random.Int64N(changes), start))
				case 5:
					known(s.Sweep(ctx, m, random.Int64N(20)))
				case 6:
					_, err := s.Load(ctx, m)
					known(err)
				case 7:
					assert.NoError(t, s.Forget(ctx, m))
				}
			}
		})
	}
	all.Wait()

	require.NoError(t, s.Forget(ctx, m))
	require.NoError(t, s.Apply(ctx, ClearEvent(m, 1), start, true))
	record := load(t, s, m)
	assert.Empty(t, record.State.Entries)
	assert.Nil(t, record.State.Base)
	assert.EqualValues(t, 1, record.State.Contiguous())
	assert.EqualValues(t, 1, record.Check.Revision)
}

// RunSnapshot is for stores whose Load gives one moment: where no gap shows, what is
// visible is the truth, also to whoever loads while others write.
func RunSnapshot(t *testing.T, open Open) {
	const changes = 120
	s := open(t)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	ctx, m := t.Context(), NewMessage()
	events := msgexttest.History(rand.New(rand.NewPCG(3, 3)), m, changes)
	require.NoError(t, s.Apply(ctx, events[0], start, true))

	var all sync.WaitGroup
	var written atomic.Bool
	all.Go(func() {
		defer written.Store(true)
		for i, event := range events {
			assert.NoError(t, s.Apply(ctx, event, start, true))
			if i%5 == 4 {
				assert.NoError(t, s.Merge(ctx, m, msgexttest.Truth(events[:i+1])))
			}
			if i%7 == 6 {
				assert.NoError(t, s.Checked(ctx, m, state.Outcome{Floor: int64(i)}))
			}
		}
	})
	for range 3 {
		all.Go(func() {
			for !written.Load() {
				record, err := s.Load(ctx, m)
				if !assert.NoError(t, err) {
					return
				}
				assert.False(t, record.State.Gap())
				truth := msgexttest.Truth(events[:record.State.Latest])
				if !assert.True(t, slices.Equal(truth.KeyValues, record.State.Visible()), "torn") {
					return
				}
			}
		})
	}
	all.Wait()
}

// testSixteenDuplicates is one webhook that arrives sixteen times at once.
func testSixteenDuplicates(t *testing.T, s state.Store) {
	m := NewMessage()
	event := SetEvent(m, 1, "v", "a", "b", "c")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { assert.NoError(t, s.Apply(t.Context(), event, start, true)) })
	}
	all.Wait()
	record := load(t, s, m)
	assert.Equal(t, event.KeyValues, record.State.Visible())
	assert.False(t, record.State.Gap())
	assert.EqualValues(t, 16, record.Check.Revision)
	assert.Equal(t, msgext.Progress{Latest: 1, Floor: record.State.Floor, Seen: record.State.Seen}, record.State.Progress)
}
