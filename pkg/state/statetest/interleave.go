package statetest

import (
	"errors"
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

// testContention lets sixteen writers apply the same events to one message, each in its own order.
func testContention(t *testing.T, s state.Store) {
	const writers, changes = 16, 20
	m := NewMessage()
	events := msgexttest.History(rand.New(rand.NewPCG(7, 7)), m, changes)
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(writer), 0))
			for _, event := range msgexttest.Shuffle(random, events) {
				assert.NoError(t, s.Apply(t.Context(), event, start, state.Mark(random.IntN(2) == 0)))
				assert.NoError(t, s.MarkSeen(t.Context(), m, event.Version()))
			}
		})
	}
	all.Wait()
	record := load(t, s, m)
	assert.Equal(t, msgexttest.Truth(events).Reply(), record.State.Reply())
	assert.Equal(t, msgext.Progress{Latest: changes, Floor: changes}, progress(record), "however late the marks came")
	assert.GreaterOrEqual(t, record.Check.Revision, start.UnixMilli()+writers*changes)
}

// testEveryMethodAtOnce calls all methods concurrently. No call may fail, for example by a
// deadlock, and nothing may be left that Forget does not find.
func testEveryMethodAtOnce(t *testing.T, s state.Store) {
	const writers, changes = 16, 12
	ctx, m := t.Context(), NewMessage()
	events := msgexttest.History(rand.New(rand.NewPCG(3, 3)), m, changes)
	expected := func(err error) { // another call may have forgotten the message, or merged a read
		if !errors.Is(err, state.ErrNotFound) && !errors.Is(err, state.ErrOvertaken) {
			assert.NoError(t, err)
		}
	}
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(writer), 1))
			for _, event := range msgexttest.Shuffle(random, events) {
				assert.NoError(t, s.Apply(ctx, event, start, state.Mark(random.IntN(2) == 0)))
				assert.NoError(t, s.MarkSeen(ctx, m, event.Version()))
				switch random.IntN(11) {
				case 0, 1:
					record, err := s.Load(ctx, m)
					expected(err)
					expected(s.Merge(ctx, m, following(record, msgexttest.Truth(events[:random.IntN(changes)]))))
				case 2, 3:
					outcome := state.Outcome{Floor: random.Int64N(changes), Read: true, AheadOver: random.Int64N(changes), Settles: true}
					expected(s.SaveCheck(ctx, m, outcome))
				case 4:
					record, err := s.Load(ctx, m)
					expected(err)
					_, err = s.Drop(ctx, m, state.Drop{Above: random.Int64N(changes), DroppedAt: record.Check.DroppedAt, Now: start, Due: start})
					expected(err)
				case 5:
					record, err := s.Load(ctx, m)
					expected(err)
					expected(s.Sweep(ctx, m, record.Check.Revision))
				case 6:
					expected(s.Doubt(ctx, m, start, state.FromWebhook))
				case 7:
					expected(s.Announce(ctx, m, start, start))
				case 8:
					expected(s.Forget(ctx, m))
				case 9:
					record, err := s.Load(ctx, m)
					expected(err)
					_, err = s.Erase(ctx, m, record.Check.Revision)
					expected(err)
				case 10:
					_, err := s.Due(ctx, state.FirstChecks, longAgo(), "", 1)
					expected(err)
				}
			}
		})
	}
	all.Wait()

	expected(s.Forget(ctx, m))
	nothingLeft(t, s, m)
}

// RunSnapshot is for stores whose Load reads as of one moment. If there is no gap, what is visible
// must be the truth, even for a Load during writes.
func RunSnapshot(t *testing.T, open Open) {
	const changes = 120
	s := open(t)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	ctx, m := t.Context(), NewMessage()
	events := msgexttest.History(rand.New(rand.NewPCG(3, 3)), m, changes)
	require.NoError(t, s.Apply(ctx, events[0], start, state.MarkNow))

	var all sync.WaitGroup
	var written atomic.Bool
	all.Go(func() {
		defer written.Store(true)
		var reads int64
		for i, event := range events {
			assert.NoError(t, s.Apply(ctx, event, start, state.MarkNow))
			if i%5 == 4 {
				read := msgexttest.Truth(events[:i+1])
				read.After, read.Number = reads, reads+1
				reads++
				assert.NoError(t, s.Merge(ctx, m, read))
			}
			if i%7 == 6 {
				assert.NoError(t, s.SaveCheck(ctx, m, state.Outcome{Floor: int64(i)}))
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

// testSixteenDuplicates applies one webhook sixteen times at once.
func testSixteenDuplicates(t *testing.T, s state.Store) {
	m := NewMessage()
	event := SetEvent(m, 1, "v", "a", "b", "c")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { assert.NoError(t, s.Apply(t.Context(), event, start, state.MarkNow)) })
	}
	all.Wait()
	record := load(t, s, m)
	assert.Equal(t, event.KeyValues, record.State.Visible())
	assert.False(t, record.State.Gap())
	assert.Equal(t, start.UnixMilli()+16, record.Check.Revision)
	assert.Equal(t, msgext.Progress{Latest: 1, Floor: 1}, progress(record))
}
