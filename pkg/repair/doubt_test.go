package repair_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

func TestRun_ForgeriesAreHealedWhereEverythingIsRead(t *testing.T) {
	for name, version := range map[string]int64{"below the truth": 1, "at the truth": 2, "next to the truth": 3, "far above it": 9} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"), w.change(t, poll, msgext.Set, "bob", "2"))
			r := w.repairer(func(o *repair.Options) { o.ReadAll = true })
			w.pass(grace)
			w.run(t, r)
			w.receive(t, forged(t, version, "forged"))

			// A schedule of a minute: at or below the truth within two minutes, above it within
			// four.
			limit := 2 * time.Minute
			if version > 2 {
				limit = 4 * time.Minute
			}
			for at := time.Minute; at <= limit; at += time.Minute {
				w.pass(time.Minute)
				w.run(t, r)
			}
			truth := w.chat.Truth(poll)
			assert.Equal(t, truth, w.record(t, poll).State.Reply())
			assert.Equal(t, truth, w.sink.Reply(poll))
			assert.False(t, w.record(t, poll).State.Gap())
		})
	}
}

func TestRun_ARealEventThatArrivesDuringADropIsNotLost(t *testing.T) {
	w := newWorld(t, nil)
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
	w.receive(t, forged(t, 5, "forged"))
	meanwhile := func() {}
	r := w.repairer(func(o *repair.Options) {
		o.Observe = func(msgext.Message, msgext.Snapshot, time.Time) { meanwhile() } // after the read, before the drop
	})
	w.pass(grace)
	assert.Equal(t, 1, w.run(t, r).Open)
	meanwhile = func() {
		meanwhile = func() {}
		w.receive(t, w.change(t, poll, msgext.Set, "carol", "real"))
	}
	w.pass(2*grace + time.Second)
	assert.Equal(t, 1, w.run(t, r).Dropped)
	for range 4 {
		w.pass(time.Minute)
		w.run(t, r)
	}
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
}

func TestRun_ALostLastVersionIsFoundByTheLaterReads(t *testing.T) {
	w := newWorld(t, nil)
	r := w.repairer(func(o *repair.Options) { o.ReadAll = true })
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
	w.pass(grace)
	w.run(t, r)
	w.change(t, poll, msgext.Set, "alice", "2") // lost, and nothing after it

	w.pass(9 * time.Minute)
	w.run(t, r)
	assert.NotEqual(t, w.chat.Truth(poll), w.record(t, poll).State.Reply(), "nothing betrays it yet")
	w.pass(time.Minute)
	assert.Equal(t, 1, w.run(t, r).Repaired, "ten minutes after the last change that was heard")
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))

	w.change(t, poll, msgext.Set, "alice", "3") // lost too
	w.pass(50 * time.Minute)
	assert.Equal(t, 1, w.run(t, r).Repaired, "and an hour after it")
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())

	w.change(t, poll, msgext.Set, "alice", "4") // and so on
	w.pass(23 * time.Hour)
	assert.Equal(t, 1, w.run(t, r).Repaired, "a day after it")
	w.change(t, poll, msgext.Set, "alice", "5")
	w.pass(6 * 24 * time.Hour)
	assert.Equal(t, 1, w.run(t, r).Repaired, "and seven days after it")
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
	calls := w.chat.Calls()
	w.pass(30 * 24 * time.Hour)
	w.run(t, r)
	assert.Equal(t, calls, w.chat.Calls(), "then it is left alone")
}

// Where LatestSeq falls, a webhook that comes late may lie above every read, and if the store fails
// just then, the sinks alone have it. Nothing in the store tells of it, so only a read that is told
// anyhow can mend it.
func TestRun_WhatTheSinksAloneTookIsDecidedByTheLastRead(t *testing.T) {
	w := newWorld(t, func(options *chatsim.Options) { options.LatestFalls = true })
	r := w.repairer(func(options *repair.Options) { options.ReadAll = true })
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
	late := w.change(t, poll, msgext.Set, "bob", "1")
	w.receive(t, w.change(t, poll, msgext.Delete, "bob", ""))
	for range 10 {
		w.pass(time.Minute)
		w.run(t, r)
	}
	require.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))

	e, err := cloudevent.New(late, w.clock())
	require.NoError(t, err)
	require.NoError(t, w.sink.Send(t.Context(), e)) // and the store fails
	for range 24 {
		w.pass(time.Hour)
		w.run(t, r)
	}
	assert.NotEqual(t, w.chat.Truth(poll), w.sink.Reply(poll), "nothing tells of it")
	w.pass(7 * 24 * time.Hour)
	w.run(t, r)
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
	told := len(w.sink.Repaired())
	w.pass(30 * 24 * time.Hour)
	w.run(t, r)
	assert.Len(t, w.sink.Repaired(), told, "and is told once")
}

// A receiver's clock is ahead of ours, so a read that finds the message gone does not decide what
// it took in. Gone is final, so the consumer would show that for good.
func TestRun_WhatIsGoneIsToldAgainOnceItDecidesAllThatWasHeard(t *testing.T) {
	w := newWorld(t, nil)
	r := w.repairer(func(options *repair.Options) { options.ReadAll = true })
	ahead := w.clock().Add(5 * time.Minute)
	event := w.change(t, poll, msgext.Set, "alice", "1")
	require.NoError(t, w.store.Apply(t.Context(), event, ahead, state.MarkLater))
	e, err := cloudevent.New(event, ahead)
	require.NoError(t, err)
	require.NoError(t, w.sink.Send(t.Context(), e))
	require.NoError(t, w.store.Doubt(t.Context(), poll, w.clock(), state.FromWebhook)) // recalled, by a receiver whose clock is right
	w.chat.Remove(poll)
	w.pass(time.Minute)
	w.run(t, r)
	assert.NotEmpty(t, w.sink.Reply(poll).ExtensionList)
	for range 8 {
		w.pass(time.Minute)
		w.run(t, r)
	}
	assert.Empty(t, w.sink.Reply(poll).ExtensionList)
	assert.Equal(t, 2, w.chat.Calls())
}

// One of Chat's replicas lags behind the webhook that could not be taken in, and the message is
// read at once because it was due already. Where only gaps are read nothing else would ever tell of
// the change.
func TestRun_ADoubtIsNotSettledByAReplicaThatLags(t *testing.T) {
	w := newWorld(t, nil)
	r := w.repairer(nil)
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
	w.pass(grace)
	require.NoError(t, w.store.Doubt(t.Context(), poll, w.clock(), state.FromWebhook))
	w.run(t, r) // of Chat as it was before the change
	w.change(t, poll, msgext.Set, "alice", "2")
	assert.NotZero(t, w.record(t, poll).Check.Doubted, "a read so soon does not settle it")
	w.pass(time.Minute)
	assert.Zero(t, w.run(t, r).Checked)
	w.pass(2 * time.Second)
	w.run(t, r)
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())
	assert.False(t, w.record(t, poll).Incomplete())
	assert.Zero(t, w.record(t, poll).Check.DroppedAt)
	assert.Equal(t, 2, w.chat.Calls())
}
