package statetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

func testSaveCheck(t *testing.T, s state.Store) {
	ctx, w := t.Context(), newTwin(s)
	m := w.message
	for _, version := range []int64{1, 2, 5} {
		w.do(t, "event", applying(SetEvent(m, version, "v", "a"), start))
	}
	check := load(t, s, m).Check
	outcome := state.Outcome{
		Revision: check.Revision, Started: start.Add(time.Minute), Floor: 3, Read: true, Latest: 4, AheadOver: 5, AheadSince: start.Add(time.Minute),
		Due: start.Add(time.Hour), Tries: 3, SinksUpToDate: true, GaveUp: true, Gone: true,
	}
	_, record := w.do(t, "whole", saving(outcome))
	assert.Equal(t, state.Check{
		Revision: check.Revision, Heard: start, Due: start.Add(time.Hour), Tries: 3, SinksUpToDate: true, GaveUp: true, Gone: true,
		AheadOver: 5, AheadSince: start.Add(time.Minute),
	}, record.Check)
	assert.Equal(t, msgext.Progress{Latest: 5, Floor: 3, Seen: []int64{5}}, progress(record), "what lies below the floor is forgotten")
	_, due := headOf(t, s, m, start.Add(59*time.Minute))
	assert.False(t, due)
	_, due = headOf(t, s, m, start.Add(time.Hour))
	assert.True(t, due)

	outcome.AheadOver, outcome.AheadSince, outcome.Tries = 7, start.Add(time.Hour), 0
	_, record = w.do(t, "an older fact that still stands is worth more", saving(outcome))
	assert.EqualValues(t, 5, record.Check.AheadOver)
	_, due = headOf(t, s, m, start.Add(time.Hour))
	assert.True(t, due, "in the lane of first checks again")
	outcome.Read, outcome.Latest, outcome.AheadOver = false, 9, 9
	_, record = w.do(t, "without a read nothing is known of it", saving(outcome))
	assert.EqualValues(t, 5, record.Check.AheadOver)
	outcome.Read, outcome.Latest, outcome.AheadOver, outcome.AheadSince = true, 5, 0, time.Time{}
	_, record = w.do(t, "a read as high settles it", saving(outcome))
	assert.Zero(t, record.Check.AheadOver)
	assert.Zero(t, record.Check.AheadSince)

	w.do(t, "an event comes during the check", applying(SetEvent(m, 6, "v", "a"), start.Add(2*time.Minute)))
	outcome.Floor, outcome.Due, outcome.Started, outcome.Tries = 4, time.Time{}, start.Add(3*time.Minute), 2
	outcome.Latest, outcome.AheadOver, outcome.AheadSince = 4, 6, start.Add(2*time.Minute)
	_, record = w.do(t, "what does not depend on it is written", saving(outcome))
	assert.Equal(t, start.Add(3*time.Minute), record.Check.Due, "and the message moves behind the others")
	assert.Zero(t, record.Check.Tries)
	assert.False(t, record.Check.SinksUpToDate)
	assert.False(t, record.Check.GaveUp)
	assert.EqualValues(t, 6, record.State.Floor, "the floor passes over what was seen")
	assert.EqualValues(t, 6, record.Check.AheadOver)
	outcome.Started = start.Add(time.Minute)
	w.do(t, "it never moves forward", saving(outcome))

	outcome = state.Outcome{Revision: record.Check.Revision, Floor: 1}
	_, record = w.do(t, "a floor is never lowered, and nothing is left to check", saving(outcome))
	assert.EqualValues(t, 6, record.State.Floor)
	assert.Zero(t, record.Check.Due)
	outcome.Revision--
	outcome.Started = start
	_, record = w.do(t, "a slow check does not bring it back", saving(outcome))
	assert.Zero(t, record.Check.Due)
	require.NoError(t, s.MarkSeen(ctx, m, 1))
	assert.Empty(t, load(t, s, m).State.Seen)
	outcome.Floor = 9
	_, record = w.do(t, "a floor above everything heard of is heard of", saving(outcome))
	assert.EqualValues(t, 9, record.State.Latest)
}

func dropping(drop state.Drop) call {
	return func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) { return s.Drop(ctx, m, drop) }
}

func testDrop(t *testing.T, s state.Store) {
	w := newTwin(s)
	m := w.message
	truth := msgext.Snapshot{Number: start.UnixMilli(), Latest: 3, KeyValues: []msgext.KeyValue{{Key: "a", Value: "truth", Seq: 3}}}
	for _, event := range []msgext.Event{
		SetEvent(m, 1, "v", "a"), SetEvent(m, 2, "v", "a"), SetEvent(m, 3, "truth", "a"), SetEvent(m, 4, "forged", "a", "b"), ClearEvent(m, 5),
	} {
		w.do(t, "event", applying(event, start.Add(time.Minute)))
	}
	_, before := w.do(t, "the truth", func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
		return true, s.Merge(ctx, m, truth)
	})
	w.do(t, "ahead", saving(state.Outcome{
		Revision: before.Check.Revision, Floor: 5, Read: true, Latest: 3, AheadOver: 5, AheadSince: start, Due: start, Tries: 1, SinksUpToDate: true,
	}))

	drop := state.Drop{Above: 3, Now: start.Add(time.Second), Due: start.Add(2 * time.Minute)}
	dropped, record := w.do(t, "drop", dropping(drop))
	assert.True(t, dropped)
	assert.Equal(t, truth.Reply(), record.State.Reply())
	assert.Equal(t, state.Check{
		Revision: before.Check.Revision + 1, Heard: start.Add(time.Minute), Due: start.Add(2 * time.Minute), SinksUpToDate: true,
		DroppedAt: start.Add(time.Minute),
	}, record.Check, "at the earliest when the newest of what is dropped was heard")
	assert.Equal(t, msgext.Progress{Latest: 3, Floor: 2}, progress(record), "with a gap, so that the truth is read once more")
	_, due := headOf(t, s, m, start.Add(2*time.Minute))
	assert.True(t, due)

	w.do(t, "the real version 5 shows that 4 is missing", applying(SetEvent(m, 5, "real", "c"), start.Add(3*time.Minute)))
	dropped, _ = w.do(t, "a second run's drop, loaded before the first, takes nothing", dropping(drop))
	assert.False(t, dropped)
	_, record = w.do(t, "nor does its check raise the floor past the drop", saving(state.Outcome{
		Revision: before.Check.Revision, Started: start, Floor: 5, Read: true, Latest: 3, AheadOver: 5, AheadSince: start,
	}))
	assert.EqualValues(t, 2, record.State.Floor)
	assert.Zero(t, record.Check.AheadOver)

	again := record.Check.DroppedAt
	_, record = w.do(t, "a read that began too early leaves it owed", saving(state.Outcome{
		Revision: record.Check.Revision, DroppedAt: again, Settles: true, Decided: again, Floor: 3, Due: start,
	}))
	assert.Equal(t, again, record.Check.DroppedAt)
	_, record = w.do(t, "one that was not told too", saving(state.Outcome{
		Revision: record.Check.Revision, DroppedAt: again, Decided: again.Add(time.Millisecond), Due: start,
	}))
	assert.Equal(t, again, record.Check.DroppedAt)
	_, record = w.do(t, "one that decides it all settles it", saving(state.Outcome{
		Revision: record.Check.Revision - 1, DroppedAt: again, Settles: true, Decided: again.Add(time.Millisecond),
	}))
	assert.Zero(t, record.Check.DroppedAt)

	// A version that is marked as seen after a drop removed it is not forgotten either.
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 6, "real", "d"), start, state.MarkLater))
	dropped, err := s.Drop(t.Context(), m, state.Drop{Above: 3, Now: start, Due: start})
	require.NoError(t, err)
	assert.True(t, dropped)
	require.NoError(t, s.MarkSeen(t.Context(), m, 6))
	record = load(t, s, m)
	assert.Equal(t, msgext.Progress{Latest: 6, Floor: 2, Seen: []int64{6}}, progress(record))
}

func testDropOnce(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a"), SetEvent(m, 3, "forged", "b", "c"))
	merge(t, s, m, msgext.Snapshot{Latest: 1, KeyValues: SetEvent(m, 1, "v", "a").KeyValues})
	revision := load(t, s, m).Check.Revision
	var all sync.WaitGroup
	var mu sync.Mutex
	drops := 0
	for i := range 8 {
		all.Go(func() {
			dropped, err := s.Drop(ctx, m, state.Drop{Above: 1, Now: start.Add(time.Duration(i) * time.Second), Due: start})
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			if dropped {
				drops++
			}
		})
	}
	all.Wait()
	record := load(t, s, m)
	assert.Equal(t, 1, drops)
	assert.Equal(t, revision+1, record.Check.Revision)
	assert.NotContains(t, record.State.Entries, "b")
}

func testSweep(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a", "b", "c"))
	merge(t, s, m, msgext.Snapshot{Latest: 1, KeyValues: SetEvent(m, 1, "v", "a", "b", "c").KeyValues})
	apply(t, s, DeleteEvent(m, 2, "a", "z"), SetEvent(m, 3, "w", "b"))
	before := load(t, s, m)
	require.NoError(t, s.Sweep(ctx, m, before.Check.Revision))
	after := load(t, s, m)
	assert.Equal(t, before.State.Reply(), after.State.Reply())
	assert.Equal(t, map[string]msgext.Entry{"a": {Seq: 2, Deleted: true}, "b": {Seq: 3, Value: "w"}}, after.State.Entries,
		"the tombstone that hides a key of the read stays, the others go")

	apply(t, s, ClearEvent(m, 4))
	before = load(t, s, m)
	require.NoError(t, s.Sweep(ctx, m, before.Check.Revision))
	after = load(t, s, m)
	assert.Equal(t, before.State.Reply(), after.State.Reply())
	assert.Empty(t, after.State.Entries)

	// A clear forged at the read's own version neither hides nor uncovers anything of the read.
	n := NewMessage()
	merge(t, s, n, msgext.Snapshot{Latest: 4, KeyValues: []msgext.KeyValue{{Key: "a", Value: "v", Seq: 4}}})
	apply(t, s, ClearEvent(n, 4), DeleteEvent(n, 5, "a"))
	require.NoError(t, s.Sweep(ctx, n, load(t, s, n).Check.Revision))
	assert.Empty(t, load(t, s, n).State.Visible())
}

func testSweepChanged(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, DeleteEvent(m, 1, "a"))
	revision := load(t, s, m).Check.Revision
	require.NoError(t, s.Doubt(ctx, m, start, state.FromOperator))
	require.NoError(t, s.Sweep(ctx, m, revision))
	assert.Len(t, load(t, s, m).State.Entries, 1)
}

func testErase(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a"), SetEvent(m, 3, "v", "b"))
	merge(t, s, m, msgext.Snapshot{Latest: 2})
	before := load(t, s, m)
	require.NoError(t, s.Doubt(ctx, m, start, state.FromOperator))
	doubted := load(t, s, m)
	erased, err := s.Erase(ctx, m, before.Check.Revision)
	require.NoError(t, err)
	assert.False(t, erased)
	sameRecord(t, doubted, load(t, s, m), "spared")

	erased, err = s.Erase(ctx, m, doubted.Check.Revision)
	require.NoError(t, err)
	assert.True(t, erased)
	nothingLeft(t, s, m)
}

func testForget(t *testing.T, s state.Store) {
	m := NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a"), SetEvent(m, 3, "v", "b"))
	merge(t, s, m, msgext.Snapshot{Latest: 2})
	require.NoError(t, s.Forget(t.Context(), m))
	nothingLeft(t, s, m)

	// A check that began before the erasure must not settle a doubt about the message that was
	// created again after it.
	before := load(t, s, m).Check
	require.NoError(t, s.Forget(t.Context(), m))
	require.NoError(t, s.Doubt(t.Context(), m, start.Add(time.Hour), state.FromWebhook))
	require.NoError(t, s.SaveCheck(t.Context(), m, state.Outcome{Revision: before.Revision, Settles: true}))
	assert.NotZero(t, load(t, s, m).Check.Doubted)
	require.NoError(t, s.Forget(t.Context(), m))
}

// nothingLeft asserts that a message is unknown, and that after the next event only that event is
// visible.
func nothingLeft(t *testing.T, s state.Store, m msgext.Message) {
	t.Helper()
	_, err := s.Load(t.Context(), m)
	require.ErrorIs(t, err, state.ErrNotFound)
	_, due := headOf(t, s, m, start.Add(time.Hour))
	assert.False(t, due)
	require.ErrorIs(t, s.Forget(t.Context(), m), state.ErrNotFound)

	apply(t, s, SetEvent(m, 1, "new", "c"))
	record := load(t, s, m)
	assert.Equal(t, SetEvent(m, 1, "new", "c").KeyValues, record.State.Visible(), "nothing of before has stayed")
	assert.Nil(t, record.State.Base)
	assert.Equal(t, state.Check{Revision: start.UnixMilli() + 1, Heard: start, Due: start}, record.Check)
	assert.Equal(t, msgext.Progress{Latest: 1, Floor: 1}, progress(record))
}

func testForgetRacesApply(t *testing.T, s state.Store) {
	ctx := t.Context()
	for round := range 8 {
		m := NewMessage()
		apply(t, s, SetEvent(m, 1, "v", "old"))
		var all sync.WaitGroup
		all.Go(func() {
			event := SetEvent(m, 2, "v", "a", "b", "c")
			assert.NoError(t, s.Apply(ctx, event, start, state.Mark(round%2 == 0)))
			assert.NoError(t, s.MarkSeen(ctx, m, 2))
		})
		all.Go(func() { assert.NoError(t, s.Forget(ctx, m)) })
		all.Wait()
		record, err := s.Load(ctx, m)
		if err == nil {
			assert.True(t, record.State.Gap() || len(record.State.Visible()) >= 3, "a version counts as handled that is not all there")
			require.NoError(t, s.Forget(ctx, m))
		} else {
			require.ErrorIs(t, err, state.ErrNotFound)
		}
		apply(t, s, SetEvent(m, 3, "v", "new"))
		assert.Equal(t, SetEvent(m, 3, "v", "new").KeyValues, load(t, s, m).State.Visible(), fmt.Sprint("round ", round))
	}
}
