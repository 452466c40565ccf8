package statetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

func testMerge(t *testing.T, s state.Store) {
	m := NewMessage()
	read := msgext.Snapshot{Latest: 5, Clear: 2, KeyValues: []msgext.KeyValue{{Key: "a", Value: "truth", Seq: 4}, {Key: "b", Value: "truth", Seq: 5}}}
	apply(t, s, SetEvent(m, 3, "forged", "a", "c"), DeleteEvent(m, 5, "b"), ClearEvent(m, 1))
	before := load(t, s, m)
	merge(t, s, m, read)
	record := load(t, s, m)
	assert.Equal(t, read.Reply(), record.State.Reply())
	assert.True(t, record.State.Gap(), "a read is no reason to raise the floor: a sink may still owe it")
	assert.Equal(t, before.Check, record.Check, "nor to change when the message is due")

	apply(t, s, SetEvent(m, 4, "forged", "a"), ClearEvent(m, 5), SetEvent(m, 6, "new", "b"), DeleteEvent(m, 7, "a"))
	assert.Equal(t, []msgext.KeyValue{{Key: "b", Value: "new", Seq: 6}}, load(t, s, m).State.Visible())
	apply(t, s, ClearEvent(m, 8))
	record = load(t, s, m)
	assert.Empty(t, record.State.Visible())
	assert.EqualValues(t, 8, record.State.ClearSeq())

	unheard := NewMessage()
	merge(t, s, unheard, read)
	record = load(t, s, unheard)
	assert.Equal(t, read.Reply(), record.State.Reply())
	assert.Equal(t, state.Check{Revision: start.UnixMilli(), Due: start}, record.Check, "its reader may die before the outcome is written")
	_, due := headOf(t, s, unheard, start)
	assert.True(t, due)
}

func testMovingRead(t *testing.T, s state.Store) {
	m := NewMessage()
	merge(t, s, m, msgext.Snapshot{
		Latest: 5, KeyValues: []msgext.KeyValue{{Key: "a", Value: "1", Seq: 5}},
		Newer: []msgext.KeyValue{{Key: "b", Value: "2", Seq: 6}}, Ahead: 7,
	})
	record := load(t, s, m)
	assert.EqualValues(t, 7, record.State.Latest)
	assert.EqualValues(t, 5, record.State.Read())
	assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: "1", Seq: 5}, {Key: "b", Value: "2", Seq: 6}}, record.State.Visible())
}

func testFallingRead(t *testing.T, s state.Store) {
	m := NewMessage()
	higher := msgext.Snapshot{Latest: 9, KeyValues: []msgext.KeyValue{{Key: "a", Value: "old", Seq: 3}, {Key: "b", Value: "deleted since", Seq: 9}}}
	lower := msgext.Snapshot{Latest: 3, KeyValues: []msgext.KeyValue{{Key: "a", Value: "old", Seq: 3}}}
	merge(t, s, m, higher)
	merge(t, s, m, lower)
	record := load(t, s, m)
	assert.Equal(t, lower.KeyValues, record.State.Visible())
	assert.EqualValues(t, 9, record.State.Read(), "what the earlier read decided stays decided")

	apply(t, s, SetEvent(m, 8, "late", "c"), ClearEvent(m, 9))
	assert.Equal(t, lower.KeyValues, load(t, s, m).State.Visible())
	apply(t, s, SetEvent(m, 10, "new", "c"), DeleteEvent(m, 11, "a"), DeleteEvent(m, 12, "z"))
	want := []msgext.KeyValue{{Key: "c", Value: "new", Seq: 10}}
	assert.Equal(t, want, load(t, s, m).State.Visible())

	record = load(t, s, m)
	require.NoError(t, s.Sweep(t.Context(), m, record.Check.Revision))
	record = load(t, s, m)
	assert.Equal(t, want, record.State.Visible())
	assert.Equal(t, map[string]msgext.Entry{"a": {Seq: 11, Deleted: true}, "c": {Seq: 10, Value: "new"}}, record.State.Entries)
}

func testOvertaken(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	key := func(value string) []msgext.KeyValue { return []msgext.KeyValue{{Key: "a", Value: value, Seq: 3}} }
	first := msgext.Snapshot{Number: 1000, Latest: 9, Clear: 1, KeyValues: key("first")}
	require.NoError(t, s.Merge(ctx, m, first))
	require.NoError(t, s.Merge(ctx, m, first), "its reader did not hear that it was taken")
	stands := load(t, s, m)
	for name, read := range map[string]msgext.Snapshot{
		"began before the first":               {Number: 2000, Latest: 11, KeyValues: key("other"), Newer: []msgext.KeyValue{{Key: "n", Value: "v", Seq: 12}}, Ahead: 12},
		"began after one that stands no more":  {Number: 2000, After: 999, Latest: 11, KeyValues: key("other")},
		"has the first one's number":           {Number: 1000, Latest: 9, Clear: 1, KeyValues: key("other")},
		"has that number and another version":  {Number: 1000, Latest: 8, Clear: 1, KeyValues: key("first")},
		"has a number below that of the first": {Number: 999, After: 1000, Latest: 11, KeyValues: key("other")},
	} {
		require.ErrorIs(t, s.Merge(ctx, m, read), state.ErrOvertaken, name)
		sameRecord(t, stands, load(t, s, m), name)
	}
	require.NoError(t, s.Merge(ctx, m, msgext.Snapshot{Number: 1001, After: 1000, Latest: 9, KeyValues: key("second")}))
	require.ErrorIs(t, s.Merge(ctx, m, first), state.ErrOvertaken, "a retry that comes too late")
	assert.Equal(t, key("second"), load(t, s, m).State.Visible())

	unknown := NewMessage()
	require.ErrorIs(t, s.Merge(ctx, unknown, msgext.Snapshot{Number: 2000, After: 1000, Latest: 1}), state.ErrOvertaken)
	_, err := s.Load(ctx, unknown)
	assert.ErrorIs(t, err, state.ErrNotFound, "erased since this read began")
}

func testReadsAtOnce(t *testing.T, s state.Store) {
	const readers, rounds = 16, 3
	m := NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a"))
	for range rounds {
		after := load(t, s, m).State.ReadNumber()
		var all sync.WaitGroup
		var taken atomic.Int64
		var won atomic.Value
		for reader := range readers {
			all.Go(func() {
				value := fmt.Sprint("reader ", reader)
				read := msgext.Snapshot{
					After: after, Number: after + 1 + int64(reader), Latest: int64(1 + reader%4),
					KeyValues: []msgext.KeyValue{{Key: "a", Value: value, Seq: 1}},
				}
				err := s.Merge(t.Context(), m, read)
				if err == nil {
					taken.Add(1)
					won.Store(value)
				} else if !errors.Is(err, state.ErrOvertaken) {
					assert.NoError(t, err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, taken.Load())
		assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: won.Load().(string), Seq: 1}}, load(t, s, m).State.Visible())
	}
}
