package statetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

func testUnknown(t *testing.T, s state.Store) {
	ctx, m := t.Context(), NewMessage()
	require.NoError(t, s.MarkSeen(ctx, m, 3), "the mark of a message that was erased meanwhile leaves nothing")
	_, err := s.Load(ctx, m)
	assert.ErrorIs(t, err, state.ErrNotFound)
	assert.ErrorIs(t, s.SaveCheck(ctx, m, state.Outcome{}), state.ErrNotFound)
	_, err = s.Drop(ctx, m, state.Drop{Above: 1, Now: start})
	assert.ErrorIs(t, err, state.ErrNotFound)
	assert.ErrorIs(t, s.Sweep(ctx, m, 0), state.ErrNotFound)
	erased, err := s.Erase(ctx, m, 0)
	assert.NoError(t, err)
	assert.False(t, erased)
	assert.ErrorIs(t, s.Forget(ctx, m), state.ErrNotFound)
	_, err = s.Load(ctx, m)
	assert.ErrorIs(t, err, state.ErrNotFound, "none of these creates it")
}

func testOneEvent(t *testing.T, s state.Store) {
	for _, m := range []msgext.Message{NewMessage(), NewC2CMessage()} {
		require.NoError(t, s.Apply(t.Context(), SetEvent(m, 1, "v", "a", "b"), start, state.MarkLater))
		record := load(t, s, m)
		assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: "v", Seq: 1}, {Key: "b", Value: "v", Seq: 1}}, record.State.Visible())
		assert.EqualValues(t, 1, record.State.Latest)
		assert.Nil(t, record.State.Base)
	}
}

func testApplySchedules(t *testing.T, s state.Store) {
	m := NewMessage()
	first := start.Add(time.Minute)
	revision := first.UnixMilli()
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 1, "v", "a"), first, state.MarkLater))
	want := state.Check{Revision: revision + 1, Heard: first, Due: first}
	assert.Equal(t, want, load(t, s, m).Check, "the revision begins at the millisecond of the message's creation")

	// A later event leaves the message due since the first one. An earlier one brings the due time
	// forward.
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 3, "v", "a"), start.Add(2*time.Minute), state.MarkLater))
	want = state.Check{Revision: revision + 2, Heard: start.Add(2 * time.Minute), Due: first}
	assert.Equal(t, want, load(t, s, m).Check)
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 2, "v", "a"), start, state.MarkLater))
	want = state.Check{Revision: revision + 3, Heard: start.Add(2 * time.Minute), Due: start}
	assert.Equal(t, want, load(t, s, m).Check)

	// An event for a message that is postponed, given up and gone does the same. AheadOver and Gone
	// stay until a read.
	require.NoError(t, s.SaveCheck(t.Context(), m, state.Outcome{
		Revision: revision + 3, Started: start, Read: true, AheadOver: 3, AheadSince: start,
		Due: start.Add(time.Hour), Tries: 4, SinksUpToDate: true, GaveUp: true, Gone: true,
	}))
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 4, "v", "a"), start.Add(5*time.Minute), state.MarkLater))
	want = state.Check{Revision: revision + 4, Heard: start.Add(5 * time.Minute), Due: start.Add(5 * time.Minute), AheadSince: start, AheadOver: 3, Gone: true}
	assert.Equal(t, want, load(t, s, m).Check)
}

func testApplySeen(t *testing.T, s state.Store) {
	m := NewMessage()
	for version := int64(1); version <= 3; version++ {
		require.NoError(t, s.Apply(t.Context(), SetEvent(m, version, "v", "a"), start, state.MarkNow))
	}
	assert.False(t, load(t, s, m).State.Gap())
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 5, "v", "a"), start, state.MarkNow))
	record := load(t, s, m)
	assert.True(t, record.State.Gap())
	assert.EqualValues(t, 3, record.State.Contiguous())
	require.NoError(t, s.Apply(t.Context(), ClearEvent(m, 4), start, state.MarkNow))
	assert.False(t, load(t, s, m).State.Gap())
}

func testNotSeenIsGap(t *testing.T, s state.Store) {
	m := NewMessage()
	apply(t, s, SetEvent(m, 1, "v", "a"))
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 2, "w", "a"), start, state.MarkLater))
	apply(t, s, SetEvent(m, 3, "v", "b"))
	head, due := headOf(t, s, m, start)
	require.True(t, due)
	assert.True(t, head.Progress.Gap())
	assert.EqualValues(t, 1, head.Progress.Contiguous())
	assert.EqualValues(t, 3, head.Progress.Latest)

	require.NoError(t, s.MarkSeen(t.Context(), m, 2))
	require.NoError(t, s.MarkSeen(t.Context(), m, 2), "marking again changes nothing")
	assert.False(t, load(t, s, m).State.Gap())
	assert.EqualValues(t, 3, load(t, s, m).State.Contiguous())
}

func testSeenIsBounded(t *testing.T, s state.Store) {
	m := NewMessage()
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 2, "v", "a"), start, state.MarkLater))
	var all sync.WaitGroup
	for worker := range int64(4) {
		all.Go(func() {
			// As many versions as are remembered.
			for version := 2 + worker; version < 2+msgext.MaxSeen; version += 4 {
				assert.NoError(t, s.MarkSeen(t.Context(), m, version))
			}
		})
	}
	all.Wait()
	for version := int64(msgext.MaxSeen + 2); version < msgext.MaxSeen+10; version++ {
		require.NoError(t, s.MarkSeen(t.Context(), m, version))
	}
	record := load(t, s, m)
	assert.Len(t, record.State.Seen, msgext.MaxSeen)
	assert.EqualValues(t, msgext.MaxSeen+9, record.State.Latest)

	require.NoError(t, s.MarkSeen(t.Context(), m, 1))
	record = load(t, s, m)
	assert.Equal(t, msgext.Progress{Latest: msgext.MaxSeen + 9, Floor: msgext.MaxSeen + 1}, progress(record), "what was not remembered is a gap")
}

func testLateMark(t *testing.T, s state.Store) {
	m := NewMessage()
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 1, "v", "a"), start, state.MarkNow))
	for version := int64(3); version <= 6; version++ {
		require.NoError(t, s.Apply(t.Context(), SetEvent(m, version, "v", "a"), start, state.MarkNow))
	}
	require.NoError(t, s.MarkSeen(t.Context(), m, 9))
	assert.Equal(t, msgext.Progress{Latest: 9, Floor: 1, Seen: []int64{3, 4, 5, 6, 9}}, progress(load(t, s, m)))
	require.NoError(t, s.MarkSeen(t.Context(), m, 2))
	assert.Equal(t, msgext.Progress{Latest: 9, Floor: 6, Seen: []int64{9}}, progress(load(t, s, m)))
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 8, "v", "a"), start, state.MarkNow))
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 7, "v", "a"), start, state.MarkNow))
	assert.Equal(t, msgext.Progress{Latest: 9, Floor: 9}, progress(load(t, s, m)))
}

func testHostileText(t *testing.T, s state.Store) {
	texts := []string{
		"a", "A", "a ", " a", "ä", "a\u0308", "日本", "😀", "\u202eabc", "'", `"`, `\`, "`", "%", "_", "?1", "$1", ":a", "a/b", "a#b", "{a}", "*", "\n", "\x7f",
		"\x00", "\x01", "a\x00", "\x00\x00b", "\x00\x01", "\x01\x00", "\x01\x01", "\x01\x02", "\x02", "\ue000", "\ue0000", "\ue000\x00", "\ufffd", "NULL", "0", "1e3", "head", "base", "key#a", "true",
		"; DROP TABLE messages; --", "<script>", strings.Repeat("k", msgext.MaxKeyBytes),
	}
	m := NewMessage()
	m.GroupID += " /%\x00é"
	event := msgext.Event{Message: m, Operation: msgext.Set, Seq: 1}
	for i, key := range texts {
		value := texts[len(texts)-1-i]
		if i == 0 {
			value = ""
		}
		if i == 1 {
			// Far above the vendor's limit, but losing it would be worse.
			value = strings.Repeat("ü", 32<<10)
		}
		event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: key, Value: value, Seq: 1})
	}
	apply(t, s, event)
	require.ElementsMatch(t, event.KeyValues, load(t, s, m).State.Visible())
	_, due := headOf(t, s, m, start)
	assert.True(t, due, "the message itself comes back under its own name")

	read := msgext.Snapshot{Latest: 2, KeyValues: slices.Clone(event.KeyValues)}
	merge(t, s, m, read)
	require.ElementsMatch(t, event.KeyValues, load(t, s, m).State.Visible())
}

func testLongNames(t *testing.T, s state.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string { // does not compress
		text := make([]byte, n)
		for i := range text {
			text[i] = byte('!' + random.IntN(90))
		}
		return string(text)
	}
	long := noise(64 << 10)
	m := NewMessage()
	for range 2 {
		event := SetEvent(m, 1, "v", long, long+"x", "x"+long, noise(1500), noise(3000))
		apply(t, s, event)
		require.ElementsMatch(t, event.KeyValues, load(t, s, m).State.Visible())
		merge(t, s, m, msgext.Snapshot{Latest: 1, KeyValues: event.KeyValues})
		require.ElementsMatch(t, event.KeyValues, load(t, s, m).State.Visible())
		_, due := headOf(t, s, m, start)
		assert.True(t, due)
		m.GroupID += noise(5000) // and again for a message with such a name
	}
}

func testGreatVersions(t *testing.T, s state.Store) {
	const great = math.MaxInt64
	m := NewMessage()
	m.MsgSeq = great
	// A float64 cannot distinguish these.
	for _, version := range []int64{1 << 53, 1<<53 + 1, great - 1, great} {
		apply(t, s, SetEvent(m, version, fmt.Sprint(version), "a"))
		apply(t, s, SetEvent(m, version-1, "older", "a"))
		record := load(t, s, m)
		assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: fmt.Sprint(version), Seq: version}}, record.State.Visible())
		assert.Equal(t, version, record.State.Latest)
	}
	assert.Equal(t, []int64{1<<53 - 1, 1 << 53, 1<<53 + 1, great - 2, great - 1, great}, load(t, s, m).State.Seen)
	merge(t, s, m, msgext.Snapshot{Latest: great})
	assert.Empty(t, load(t, s, m).State.Visible())
}

func testTies(t *testing.T, s state.Store) {
	a, b := NewMessage(), NewMessage()
	events := func(m msgext.Message) []msgext.Event {
		return []msgext.Event{
			SetEvent(m, 5, "b", "key", "other"), SetEvent(m, 5, "a", "key", "other"), DeleteEvent(m, 5, "key"), SetEvent(m, 5, "", "other"),
		}
	}
	apply(t, s, events(a)...)
	backwards := events(b)
	slices.Reverse(backwards)
	apply(t, s, backwards...)
	want := []msgext.KeyValue{{Key: "other", Value: "b", Seq: 5}}
	assert.Equal(t, want, load(t, s, a).State.Visible())
	assert.Equal(t, want, load(t, s, b).State.Visible())

	// The greater value is the one with the greater bytes, whatever the locale and not by UTF-16.
	for _, pair := range [][2]string{
		{"", "a"}, {"a", "B"}, {"ä", "z"}, {"a", "a\x00"}, {"\x00", "a"}, {"\x01", "\x00"}, {"\x00", "\x02"}, {"\ue000", "\x00"}, {"\uffff", "😀"}, {"9", "10"},
	} {
		m := NewMessage()
		apply(t, s, SetEvent(m, 5, pair[0], "key"), SetEvent(m, 5, pair[1], "key"), SetEvent(m, 5, pair[0], "key"))
		want := []msgext.KeyValue{{Key: "key", Value: max(pair[0], pair[1]), Seq: 5}}
		assert.Equal(t, want, load(t, s, m).State.Visible(), "%q", pair)
	}
}

func testManyKeys(t *testing.T, s state.Store) {
	m := NewMessage()
	var all []msgext.KeyValue
	for version := int64(1); version <= 15; version++ {
		event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version}
		for k := range msgext.MaxKeyValues {
			event.KeyValues = append(event.KeyValues, msgext.KeyValue{
				Key: fmt.Sprintf("user %d of %d", k, version), Value: strings.Repeat("v", msgext.MaxValueBytes), Seq: version,
			})
		}
		all = append(all, event.KeyValues...)
		apply(t, s, event)
	}
	record := load(t, s, m)
	assert.Len(t, all, msgext.MaxKeys)
	assert.ElementsMatch(t, all, record.State.Visible())

	merge(t, s, m, msgext.Snapshot{Latest: 15, KeyValues: all})
	assert.ElementsMatch(t, all, load(t, s, m).State.Visible())
	apply(t, s, ClearEvent(m, 16))
	assert.Empty(t, load(t, s, m).State.Visible())
}
