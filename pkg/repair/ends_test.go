package repair_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

// Messages that Chat no longer has were read at every run once they had been quiet for 7 days, and
// a hundred of them were all that a run looked at.
func TestSchedule_WhatIsGoneIsReadOnce(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		r := l.with(nil)
		for i := range 150 {
			l.loses(named("gone", i))
		}
		time.Sleep(8 * 24 * time.Hour)
		for i := range 150 {
			l.chat.Remove(named("gone", i))
		}
		l.everyMinute(r, 2)
		l.loses(named("fresh", 1))
		l.everyMinute(r, 2)
		assert.False(t, l.open(named("fresh", 1)), "mended within 92 s")
		l.everyMinute(r, 60)
		assert.LessOrEqual(t, l.calls.Load(), int64(152))
	})
}

// A message that Chat refuses is given up in the end, and taken up again by an event or by an
// operator.
func TestSchedule_WhatIsRefusedForGoodIsGivenUp(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		refused := 10004
		l.chat = chatsim.New(chatsim.Options{
			SDKAppID: app, Admin: "administrator", SecretKey: "key", Refuse: func(msgext.Message) int { return refused },
		})
		r := l.with(nil)
		l.loses(poll)
		standing := func() state.Standing { return l.record(t, poll).Check.Standing() }
		l.everyMinute(r, 17*60)
		assert.Equal(t, state.Open, standing())
		l.everyMinute(r, 2*60)
		assert.Equal(t, state.Stuck, standing())
		assert.EqualValues(t, 24, l.calls.Load())
		l.everyMinute(r, 24*60)
		assert.EqualValues(t, 24, l.calls.Load(), "left alone")

		l.hears(poll)
		l.everyMinute(r, 2)
		assert.Equal(t, state.Open, standing(), "an event takes it up again")
		l.everyMinute(r, 24*60)
		assert.Equal(t, state.Stuck, standing())
		refused = 0
		require.NoError(t, r.Replay(t.Context(), poll))
		assert.Equal(t, state.Settled, standing())
		assert.Equal(t, l.chat.Truth(poll), l.sink.Reply(poll))
	})
}

// Chat has a message no more: the store and every consumer know, once.
func TestSchedule_WhatIsGoneIsTold(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		r := l.with(nil)
		l.loses(poll)
		l.everyMinute(r, 2)
		assert.NotEmpty(t, l.sink.Reply(poll).ExtensionList)
		l.loses(poll)
		l.chat.Remove(poll)
		l.everyMinute(r, 2)
		assert.True(t, l.record(t, poll).Check.Gone)
		assert.Empty(t, l.sink.Reply(poll).ExtensionList)
		assert.Len(t, l.sink.Gone(), 1)
		l.everyMinute(r, 60)
		assert.Len(t, l.sink.Gone(), 1)

		l.set(time.Now())
		l.receive(t, forged(t, 99, "late"))
		l.everyMinute(r, 2)
		assert.Len(t, l.sink.Gone(), 2, "an event came since")
		assert.Empty(t, l.sink.Reply(poll).ExtensionList)
	})
}

// A message that is quiet for the retention time is erased; an event brings it back as one older
// than the store.
func TestSchedule_QuietMessagesAreErased(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		r := l.with(func(o *repair.Options) { o.Retention = 8 * 24 * time.Hour })
		l.hears(poll)
		time.Sleep(7*24*time.Hour + time.Minute)
		l.everyMinute(r, 1)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, 1, l.everyMinute(r, 1)[0].Erased)
		_, err := l.store.Load(t.Context(), poll)
		assert.ErrorIs(t, err, state.ErrNotFound)

		l.hears(poll)
		l.everyMinute(r, 2)
		assert.Equal(t, l.chat.Truth(poll), l.record(t, poll).State.Reply())
		assert.Equal(t, l.chat.Truth(poll), l.sink.Reply(poll))
	})
}
