package statetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

func testMerge(t *testing.T, s state.Store) {
	m := NewMessage()
	read := msgext.Snapshot{Latest: 5, Clear: 2, KeyValues: []msgext.KeyValue{{Key: "a", Value: "truth", Seq: 4}, {Key: "b", Value: "truth", Seq: 5}}}
	apply(t, s, SetEvent(m, 3, "forged", "a", "c"), DeleteEvent(m, 5, "b"), ClearEvent(m, 1))
	require.NoError(t, s.Merge(t.Context(), m, read))
	record := load(t, s, m)
	assert.Equal(t, read.Reply(), record.State.Reply())
	assert.True(t, record.State.Gap(), "a read is no reason to raise the floor: a sink may still owe it")
	assert.Equal(t, start, record.Check.Due, "nor to change when the message is due")

	apply(t, s, SetEvent(m, 4, "forged", "a"), ClearEvent(m, 5), SetEvent(m, 6, "new", "b"), DeleteEvent(m, 7, "a"))
	assert.Equal(t, []msgext.KeyValue{{Key: "b", Value: "new", Seq: 6}}, load(t, s, m).State.Visible())
	apply(t, s, ClearEvent(m, 8))
	record = load(t, s, m)
	assert.Empty(t, record.State.Visible())
	assert.EqualValues(t, 8, record.State.ClearSeq())

	unheard := NewMessage()
	require.NoError(t, s.Merge(t.Context(), unheard, read))
	record = load(t, s, unheard)
	assert.Equal(t, read.Reply(), record.State.Reply())
	assert.Zero(t, record.Check)
}

func testMovingRead(t *testing.T, s state.Store) {
	m := NewMessage()
	read := msgext.Snapshot{
		Latest: 5, KeyValues: []msgext.KeyValue{{Key: "a", Value: "1", Seq: 5}},
		Newer: []msgext.KeyValue{{Key: "b", Value: "2", Seq: 6}}, Ahead: 7,
	}
	require.NoError(t, s.Merge(t.Context(), m, read))
	record := load(t, s, m)
	assert.EqualValues(t, 7, record.State.Latest)
	assert.EqualValues(t, 5, record.State.Read())
	assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: "1", Seq: 5}, {Key: "b", Value: "2", Seq: 6}}, record.State.Visible())
}

func testOlderRead(t *testing.T, s state.Store) {
	m := NewMessage()
	newer := msgext.Snapshot{Latest: 9, Clear: 8, KeyValues: []msgext.KeyValue{{Key: "a", Value: "new", Seq: 9}}}
	older := msgext.Snapshot{Latest: 3, KeyValues: []msgext.KeyValue{{Key: "z", Value: "old", Seq: 3}}}
	require.NoError(t, s.Merge(t.Context(), m, newer))
	require.NoError(t, s.Merge(t.Context(), m, older))
	require.NoError(t, s.Merge(t.Context(), m, newer))
	assert.Equal(t, newer.Reply(), load(t, s, m).State.Reply())
}

func testDue(t *testing.T, s state.Store) {
	ctx := t.Context()
	messages := []msgext.Message{NewMessage(), NewC2CMessage(), NewMessage()}
	// Longer ago than any other test's, so that they come first in a shared database.
	ago := func(i int) time.Time { return start.Add(-1000*time.Hour + time.Duration(i)*time.Hour) }
	for i, m := range messages {
		require.NoError(t, s.Apply(ctx, SetEvent(m, 1, "v", "a"), ago(i), true))
		require.NoError(t, s.Apply(ctx, SetEvent(m, 4, "v", "a"), ago(i), true))
	}
	heads, err := s.Due(ctx, ago(1), 10)
	require.NoError(t, err)
	require.Len(t, heads, 2, "not the one that is due later")
	for i, head := range heads {
		assert.Equal(t, messages[i], head.Message)
		assert.Equal(t, state.Check{Revision: 2, Heard: ago(i), Due: ago(i)}, head.Check)
		assert.EqualValues(t, 4, head.Progress.Latest)
		assert.EqualValues(t, 1, head.Progress.Contiguous())
		assert.Contains(t, head.Progress.Seen, int64(4))
	}
	heads, err = s.Due(ctx, ago(2), 1)
	require.NoError(t, err)
	require.Len(t, heads, 1)
	assert.Equal(t, messages[0], heads[0].Message, "the longest waiting")

	require.NoError(t, s.Checked(ctx, messages[0], state.Outcome{Floor: 4, Check: state.Check{Revision: 2}}))
	heads, err = s.Due(ctx, ago(1), 10)
	require.NoError(t, err)
	require.Len(t, heads, 1, "a settled message is not due")
	for _, m := range messages {
		require.NoError(t, s.Forget(ctx, m))
	}
}

func testChecked(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a"), SetEvent(m, 2, "v", "a"), SetEvent(m, 5, "v", "a"))
	check := load(t, s, m).Check
	outcome := state.Outcome{Floor: 2, Check: state.Check{
		Revision: check.Revision, Due: start.Add(time.Hour), Tries: 3, Told: true, AheadSince: start.Add(time.Minute),
	}}
	require.NoError(t, s.Checked(ctx, m, outcome))
	want := outcome.Check
	want.Heard = check.Heard
	record := load(t, s, m)
	assert.Equal(t, want, record.Check)
	assert.EqualValues(t, 2, record.State.Contiguous())
	assert.Equal(t, []int64{5}, record.State.Seen, "what lies below the floor is forgotten")
	_, due := headOf(t, s, m, start.Add(59*time.Minute))
	assert.False(t, due)
	_, due = headOf(t, s, m, start.Add(time.Hour))
	assert.True(t, due)

	require.NoError(t, s.Apply(ctx, SetEvent(m, 6, "v", "a"), start, true))
	outcome.Floor, outcome.Check.Due = 5, time.Time{}
	require.NoError(t, s.Checked(ctx, m, outcome))
	record = load(t, s, m)
	assert.Equal(t, start, record.Check.Due, "an event came meanwhile")
	assert.Zero(t, record.Check.Tries)
	assert.False(t, record.Check.Told)
	assert.EqualValues(t, 6, record.State.Contiguous(), "the floor is raised all the same")

	outcome.Floor, outcome.Check.Revision = 1, record.Check.Revision
	require.NoError(t, s.Checked(ctx, m, outcome))
	record = load(t, s, m)
	assert.EqualValues(t, 6, record.State.Contiguous(), "a floor is never lowered")
	assert.Zero(t, record.Check.Due)
	require.NoError(t, s.MarkSeen(ctx, m, 1))
	assert.NotContains(t, load(t, s, m).State.Seen, int64(1))

	outcome.Floor = 9
	require.NoError(t, s.Checked(ctx, m, outcome))
	assert.EqualValues(t, 9, load(t, s, m).State.Latest, "a floor above everything heard of is heard of")
}

func testDrop(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	truth := msgext.Snapshot{Latest: 3, KeyValues: []msgext.KeyValue{{Key: "a", Value: "truth", Seq: 3}}}
	apply(t, s, SetEvent(m, 1, "v", "a"), SetEvent(m, 2, "v", "a"), SetEvent(m, 3, "truth", "a"))
	apply(t, s, SetEvent(m, 4, "forged", "a", "b"), ClearEvent(m, 5))
	require.NoError(t, s.Merge(ctx, m, truth))
	before := load(t, s, m)
	require.NoError(t, s.Checked(ctx, m, state.Outcome{Floor: 5, Check: state.Check{Revision: before.Check.Revision, AheadSince: start}}))

	require.NoError(t, s.Drop(ctx, m, 3, start.Add(time.Minute)))
	record := load(t, s, m)
	assert.Equal(t, truth.Reply(), record.State.Reply())
	assert.Equal(t, start.Add(time.Minute), record.Check.Due)
	assert.Greater(t, record.Check.Revision, before.Check.Revision, "a check that began before must not settle it")
	assert.Zero(t, record.Check.AheadSince)
	assert.EqualValues(t, 3, record.State.Latest)
	assert.EqualValues(t, 2, record.State.Contiguous(), "with a gap, so that the truth is read once more")

	// The real version 5, heard after the drop, shows that 4 is missing.
	apply(t, s, SetEvent(m, 5, "real", "c"))
	record = load(t, s, m)
	assert.True(t, record.State.Gap())
	assert.EqualValues(t, 5, record.State.Latest)

	// One that is marked as seen after the drop took it away is not forgotten either.
	require.NoError(t, s.Apply(ctx, SetEvent(m, 6, "real", "d"), start, false))
	require.NoError(t, s.Drop(ctx, m, 3, start))
	require.NoError(t, s.MarkSeen(ctx, m, 6))
	record = load(t, s, m)
	assert.EqualValues(t, 6, record.State.Latest)
	assert.True(t, record.State.Gap())
}

func testSweep(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a", "b", "c"))
	require.NoError(t, s.Merge(ctx, m, msgext.Snapshot{Latest: 1, KeyValues: SetEvent(m, 1, "v", "a", "b", "c").KeyValues}))
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

	// A clear forged at the read's own version hides nothing of it, nor may it uncover anything.
	n := NewMessage()
	require.NoError(t, s.Merge(ctx, n, msgext.Snapshot{Latest: 4, KeyValues: []msgext.KeyValue{{Key: "a", Value: "v", Seq: 4}}}))
	apply(t, s, ClearEvent(n, 4), DeleteEvent(n, 5, "a"))
	require.NoError(t, s.Sweep(ctx, n, load(t, s, n).Check.Revision))
	assert.Empty(t, load(t, s, n).State.Visible())
}

func testSweepChanged(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, DeleteEvent(m, 1, "a"))
	revision := load(t, s, m).Check.Revision
	apply(t, s, DeleteEvent(m, 2, "b"))
	require.NoError(t, s.Sweep(ctx, m, revision))
	assert.Len(t, load(t, s, m).State.Entries, 2)
}

func testForget(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a"), SetEvent(m, 3, "v", "b"))
	require.NoError(t, s.Merge(ctx, m, msgext.Snapshot{Latest: 2}))
	require.NoError(t, s.Forget(ctx, m))
	_, err := s.Load(ctx, m)
	require.ErrorIs(t, err, state.ErrNotFound)
	_, due := headOf(t, s, m, start.Add(time.Hour))
	assert.False(t, due)
	require.NoError(t, s.Forget(ctx, m))

	apply(t, s, SetEvent(m, 1, "new", "c"))
	record := load(t, s, m)
	assert.Equal(t, []msgext.KeyValue{{Key: "c", Value: "new", Seq: 1}}, record.State.Visible(), "nothing of before has stayed")
	assert.NotContains(t, record.State.Seen, int64(3))
}
