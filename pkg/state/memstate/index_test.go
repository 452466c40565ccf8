package memstate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/statetest"
)

func TestStore_ALaggingIndexNamesLateAndHeadsDecide(t *testing.T) {
	now := time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	start := now
	s := memstate.NewLagging(2*time.Second, func() time.Time { return now })
	var messages []msgext.Message
	for range 6 {
		m := statetest.NewMessage()
		messages = append(messages, m)
		require.NoError(t, s.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
	}
	due := func(after state.Cursor) state.Page {
		page, err := s.Due(t.Context(), state.FirstChecks, start, after, 2)
		require.NoError(t, err)
		return page
	}
	now = start.Add(2*time.Second - 1)
	assert.Equal(t, state.Page{}, due(""), "nothing is named yet")
	now = start.Add(2 * time.Second)
	first := due("")
	assert.Len(t, first.Heads, 2)
	assert.True(t, first.More)

	// A checked message stays in the index for two seconds, so a page may be empty without being
	// the last.
	for _, m := range messages[:5] {
		require.NoError(t, s.SaveCheck(t.Context(), m, state.Outcome{Revision: start.UnixMilli() + 1, Due: start.Add(time.Hour)}))
	}
	require.NoError(t, s.Forget(t.Context(), messages[4]))
	left, pages := 0, 0
	for page := (state.Page{More: true}); page.More && pages < 9; pages++ {
		page = due(page.Next)
		for _, head := range page.Heads {
			assert.Equal(t, messages[5], head.Message)
			left++
		}
	}
	assert.Equal(t, 1, left)
	assert.Equal(t, 3, pages)

	now = now.Add(2 * time.Second)
	page := due("")
	assert.Len(t, page.Heads, 1)
	assert.False(t, page.More)
}

func TestStore_ALaggingIndexPassesTheSuite(t *testing.T) {
	var ticks time.Duration // the clock advances by a second each time it is read
	statetest.Run(t, func(*testing.T) state.Store {
		return memstate.NewLagging(time.Nanosecond, func() time.Time {
			ticks += time.Second
			return time.Unix(0, 0).Add(ticks)
		})
	})
}

func TestStore_EachMeetsAMessageOnce(t *testing.T) {
	s, at := memstate.New(), time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	for range 7 {
		require.NoError(t, s.Doubt(t.Context(), statetest.NewMessage(), at, state.FromOperator))
	}
	met := make(map[msgext.Message]int)
	page := state.Page{More: true}
	for pages := 0; page.More && pages < 9; pages++ {
		var err error
		page, err = s.Each(t.Context(), page.Next, 2)
		require.NoError(t, err)
		for _, head := range page.Heads {
			met[head.Message]++
		}
	}
	assert.False(t, page.More)
	assert.Len(t, met, 7)
	for m, times := range met {
		assert.Equal(t, 1, times, m)
	}
}
