package dynamostate_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate/dynamotest"
	"msgext/pkg/state/statetest"
)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time { return c.pass(0) }

func (c *clock) pass(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// A run over an index that lags two seconds behind, longer than the run takes. Every due message is
// returned once, whatever happens to those already returned, and the heads decide, not the index.
func TestStore_DueOverALaggingIndex(t *testing.T) {
	const messages, page, lag = 300, 20, 2 * time.Second
	c := &clock{now: start}
	store := open(t, dynamotest.Lagging(local(t), lag, c.read), newTable(t))
	var all sync.WaitGroup
	due := make([]msgext.Message, messages)
	for i := range due {
		due[i] = statetest.NewMessage()
		all.Go(func() {
			heard := start.Add(-time.Minute + time.Duration(i/4)*time.Millisecond)
			assert.NoError(t, store.Apply(t.Context(), statetest.ClearEvent(due[i], 1), heard, state.MarkNow))
		})
	}
	all.Wait()
	require.Empty(t, allDue(t, store, page), "the index knows of none yet")
	c.pass(lag)

	run := func(outcome func(i int, head state.Head)) (met map[msgext.Message]int, empty int) {
		met = make(map[msgext.Message]int)
		for got := (state.Page{More: true}); got.More; c.pass(lag / 1000) {
			var err error
			got, err = store.Due(t.Context(), state.FirstChecks, start, got.Next, page)
			require.NoError(t, err)
			if len(got.Heads) == 0 {
				empty++
			}
			for i, head := range got.Heads {
				met[head.Message]++
				outcome(i, head)
			}
		}
		return met, empty
	}
	left, failed := 0, 0
	var last time.Time
	met, _ := run(func(i int, head state.Head) {
		assert.False(t, head.Check.Due.Before(last), "the longest waiting first, over all partitions")
		last = head.Check.Due
		switch i % 5 {
		case 0: // a webhook during the check
			assert.NoError(t, store.Apply(t.Context(), statetest.ClearEvent(head.Message, 2), start, state.MarkNow))
			assert.NoError(t, store.SaveCheck(t.Context(), head.Message, state.Outcome{Revision: head.Check.Revision, Started: start.Add(time.Millisecond)}))
		case 1:
			assert.NoError(t, store.Forget(t.Context(), head.Message))
		case 2: // after a failed check it moves into another lane
			failed++
			assert.NoError(t, store.SaveCheck(t.Context(), head.Message, state.Outcome{Revision: head.Check.Revision, Due: start.Add(time.Hour), Tries: 1}))
		case 3: // a check that is not written leaves the message where it is
			left++
		default:
			assert.NoError(t, store.SaveCheck(t.Context(), head.Message, state.Outcome{Revision: head.Check.Revision}))
		}
	})
	for i, m := range due {
		assert.Equal(t, 1, met[m], fmt.Sprint("message ", i))
	}

	// A second run right after it: the index still has all messages, but only those that were left
	// are due.
	met, _ = run(func(_ int, head state.Head) {
		assert.NoError(t, store.SaveCheck(t.Context(), head.Message, state.Outcome{Revision: head.Check.Revision}))
	})
	assert.Len(t, met, left)
	met, empty := run(func(int, state.Head) {})
	assert.Empty(t, met)
	assert.Greater(t, empty, messages/page/2, "page after page is empty, and more is true")

	c.pass(lag)
	page1, err := store.Due(t.Context(), state.FirstChecks, start, "", page)
	require.NoError(t, err)
	assert.Equal(t, state.Page{Next: page1.Next}, page1, "the index has caught up")
	counts, err := store.Count(t.Context(), messages)
	require.NoError(t, err)
	assert.Equal(t, failed, counts.Open)
}
