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
	"msgext/pkg/state"
)

// longAgo returns a time before any other test's events, so that messages due since then come first
// in a shared database.
func longAgo() time.Time {
	return time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rand.IntN(200_000)) * time.Hour)
}

// dueOf returns those heads of a page that belong to the test's own messages.
func dueOf(page state.Page, own []msgext.Message) []state.Head {
	var heads []state.Head
	for _, head := range page.Heads {
		for _, m := range own {
			if head.Message == m {
				heads = append(heads, head)
			}
		}
	}
	return heads
}

func testDue(t *testing.T, s state.Store) {
	ctx := t.Context()
	messages := []msgext.Message{NewMessage(), NewC2CMessage(), NewMessage()}
	base := longAgo()
	ago := func(i int) time.Time { return base.Add(time.Duration(i) * time.Hour) }
	t.Cleanup(func() { forgetAll(t, s, messages) })
	for i, m := range messages {
		require.NoError(t, s.Apply(ctx, SetEvent(m, 1, "v", "a"), ago(i), state.MarkNow))
		require.NoError(t, s.Apply(ctx, SetEvent(m, 4, "v", "a"), ago(i), state.MarkNow))
	}
	all := func(lane state.Lane, before time.Time) []state.Head {
		var heads []state.Head
		for page := range pages(t, func(after state.Cursor) (state.Page, error) { return s.Due(ctx, lane, before, after, 100) }) {
			heads = append(heads, dueOf(page, messages)...)
		}
		return heads
	}
	heads := all(state.FirstChecks, ago(1))
	require.Len(t, heads, 2, "not the one that is due later")
	for i, head := range heads {
		assert.Equal(t, messages[i], head.Message, "the longest waiting first")
		assert.Equal(t, state.Check{Revision: ago(i).UnixMilli() + 2, Heard: ago(i), Due: ago(i)}, head.Check)
		assert.Equal(t, msgext.Progress{Latest: 4, Floor: 1, Seen: []int64{4}}, head.Progress)
	}
	assert.Empty(t, all(state.Retries, ago(2)))
	assert.Empty(t, all(state.Announced, ago(2)))

	require.NoError(t, s.SaveCheck(ctx, messages[0], state.Outcome{Revision: heads[0].Check.Revision, Floor: 4}))
	require.NoError(t, s.SaveCheck(ctx, messages[1], state.Outcome{Revision: heads[1].Check.Revision, Tries: 1, Due: ago(0)}))
	assert.Empty(t, all(state.FirstChecks, ago(1)), "one is settled, the other has failed")
	heads = all(state.Retries, ago(1))
	require.Len(t, heads, 1)
	assert.Equal(t, messages[1], heads[0].Message)

	require.NoError(t, s.Apply(ctx, SetEvent(messages[1], 5, "v", "a"), ago(1), state.MarkNow))
	heads = all(state.FirstChecks, ago(1))
	require.Len(t, heads, 1, "an event is the first check's, also where it was due before")
	assert.Equal(t, ago(0), heads[0].Check.Due)
	assert.Empty(t, all(state.Retries, ago(1)))
}

// testDueOnce goes through two lanes in small pages, like a run. Messages that it has returned move
// on or are erased. The others get events, doubts and checks of another run.
func testDueOnce(t *testing.T, s state.Store) {
	ctx, base := t.Context(), longAgo()
	var messages []msgext.Message
	t.Cleanup(func() { forgetAll(t, s, messages) })
	const first, retries, page = 24, 8, 5
	lanes := make(map[msgext.Message]state.Lane)
	for i := range first + retries {
		m := NewMessage()
		messages = append(messages, m)
		at := base.Add(time.Duration(i/3) * time.Second) // several at the same moment
		require.NoError(t, s.Apply(ctx, SetEvent(m, 1, "v", "a"), at, state.MarkNow))
		if i >= first {
			lanes[m] = state.Retries
			require.NoError(t, s.SaveCheck(ctx, m, state.Outcome{Revision: at.UnixMilli() + 1, Tries: 1, Due: at}))
		}
	}
	cutoff := base.Add(time.Minute)
	met := make(map[msgext.Message]int)
	for _, lane := range []state.Lane{state.FirstChecks, state.Retries} {
		for got := range pages(t, func(after state.Cursor) (state.Page, error) { return s.Due(ctx, lane, cutoff, after, page) }) {
			require.LessOrEqual(t, len(got.Heads), page)
			for i, head := range dueOf(got, messages) {
				met[head.Message]++
				assert.Equal(t, lanes[head.Message], lane)
				if i == page-1 {
					// Its outcome is not written: it stays in place, and is not returned again.
					continue
				}
				outcome := state.Outcome{Revision: head.Check.Revision, Started: cutoff, Due: cutoff.Add(time.Millisecond), Tries: i % 2}
				switch i {
				case 2: // a webhook during the check
					require.NoError(t, s.Apply(ctx, SetEvent(head.Message, 2, "v", "a"), cutoff.Add(time.Second), state.MarkNow))
					outcome.Started = cutoff.Add(time.Millisecond)
				case 3:
					outcome.Due = time.Time{}
				}
				require.NoError(t, s.SaveCheck(ctx, head.Message, outcome))
			}
			for _, m := range messages {
				if met[m] == 0 && lanes[m] == state.FirstChecks {
					require.NoError(t, s.Apply(ctx, SetEvent(m, 2, "v", "a"), cutoff, state.MarkNow), "does not move: it waits since before")
					break
				}
			}
		}
	}
	for i, m := range messages {
		assert.Equal(t, 1, met[m], fmt.Sprint("message ", i))
	}
}

func forgetAll(t *testing.T, s state.Store, messages []msgext.Message) {
	for _, m := range messages {
		if err := s.Forget(context.WithoutCancel(t.Context()), m); err != nil {
			assert.ErrorIs(t, err, state.ErrNotFound)
		}
	}
}

func testEach(t *testing.T, s state.Store) {
	ctx := t.Context()
	var own []msgext.Message
	t.Cleanup(func() { forgetAll(t, s, own) })
	for i := range 12 {
		m := NewMessage()
		if i%2 == 0 {
			m = NewC2CMessage()
		}
		own = append(own, m)
		require.NoError(t, s.Apply(ctx, SetEvent(m, 1, "v", "a", "b"), start, state.MarkNow))
	}
	merge(t, s, own[0], msgext.Snapshot{Latest: 1})
	require.NoError(t, s.SaveCheck(ctx, own[1], state.Outcome{Revision: start.UnixMilli() + 1, Floor: 1}))

	met := make(map[msgext.Message]state.Head)
	for page := range pages(t, func(after state.Cursor) (state.Page, error) { return s.Each(ctx, after, 1000) }) {
		for _, head := range page.Heads {
			met[head.Message] = head
		}
	}
	for _, m := range own {
		record := load(t, s, m)
		head, ok := met[m]
		require.True(t, ok, "due or not")
		assert.Equal(t, record.Check, head.Check)
		assert.Equal(t, record.State.Floor, head.Progress.Floor)
		assert.Equal(t, record.State.Latest, head.Progress.Latest)
	}

	// In small pages, and from a random place.
	small := make(map[msgext.Message]bool)
	for page := range pages(t, func(after state.Cursor) (state.Page, error) { return s.Each(ctx, after, 3) }) {
		require.LessOrEqual(t, len(page.Heads), 3)
		for _, head := range page.Heads {
			small[head.Message] = true
		}
		if len(small) >= len(own) {
			break
		}
	}
	assert.GreaterOrEqual(t, len(small), len(own), "others may use the database at the same moment")
	begins := make(map[msgext.Message]bool)
	for n := range uint64(16) {
		page, err := s.Each(ctx, state.Somewhere(n*0x9e3779b97f4a7c15), 1)
		require.NoError(t, err)
		for _, head := range page.Heads {
			begins[head.Message] = true
		}
	}
	assert.Greater(t, len(begins), 1, "n decides where it begins")
}

func testCount(t *testing.T, s state.Store) {
	ctx := t.Context()
	m := NewMessage()
	base := longAgo()
	t.Cleanup(func() { forgetAll(t, s, []msgext.Message{m}) })
	count := func() state.Counts {
		counts, err := s.Count(ctx, 1_000_000)
		require.NoError(t, err)
		return counts
	}
	require.NoError(t, s.Apply(ctx, SetEvent(m, 1, "v", "a"), base, state.MarkNow))
	assert.False(t, count().OldestDue.After(base))
	revision := base.UnixMilli() + 1
	for _, test := range []struct {
		name        string
		outcome     state.Outcome
		open, stuck int
	}{
		{"settled", state.Outcome{}, 0, 0},
		{"failed", state.Outcome{Tries: 1, Due: base}, 1, 0},
		{"ahead", state.Outcome{Read: true, Latest: 3, AheadOver: 4, AheadSince: base}, 1, 0},
		{"given up", state.Outcome{GaveUp: true, Tries: 9, Read: true, Latest: 4}, 0, 1},
		{"settled again", state.Outcome{}, 0, 0},
	} {
		// Other tests may use the database at the same time, so one undisturbed attempt is enough.
		var before, after state.Counts
		for range 10 {
			require.NoError(t, s.SaveCheck(ctx, m, state.Outcome{Revision: revision, Read: true, Latest: 4}))
			before = count()
			test.outcome.Revision = revision
			require.NoError(t, s.SaveCheck(ctx, m, test.outcome))
			if after = count(); after.Open-before.Open == test.open && after.Stuck-before.Stuck == test.stuck {
				break
			}
		}
		assert.Equal(t, test.open, after.Open-before.Open, test.name)
		assert.Equal(t, test.stuck, after.Stuck-before.Stuck, test.name)
	}

	require.NoError(t, s.Doubt(ctx, m, base, state.FromOperator))
	require.NoError(t, s.SaveCheck(ctx, m, state.Outcome{Revision: revision + 1}), "nobody could read it")
	assert.Positive(t, count().Open)
	dropped, err := s.Drop(ctx, m, state.Drop{Above: 1, DroppedAt: base, Now: base, Due: base})
	require.NoError(t, err)
	assert.True(t, dropped)
	counts, err := s.Count(ctx, 1)
	require.NoError(t, err)
	assert.Equal(t, 1, counts.Open, "counted up to the limit")
}
