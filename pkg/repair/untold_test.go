package repair_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/sink"
)

// forgedVersion returns a world in which a forged version becomes a real one, whose webhook is lost.
// The sink has been told what Chat had before.
func forgedVersion(t *testing.T) (*world, *repair.Repairer) {
	t.Helper()
	w := newWorld(t, nil)
	r := w.repairer(func(o *repair.Options) { o.ReadAll = true })
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
	forged := msgext.Event{Message: poll, Operation: msgext.Set, Seq: 2, KeyValues: []msgext.KeyValue{{Key: "mallory", Value: "1", Seq: 2}}}
	forged.Body = body(t, forged)
	w.receive(t, forged)
	require.ErrorIs(t, r.Replay(t.Context(), poll), repair.ErrAhead)
	require.True(t, w.record(t, poll).Check.SinksUpToDate)

	w.change(t, poll, msgext.Set, "bob", "1") // lost
	w.pass(2 * time.Minute)
	return w, r
}

// The store takes in the read that says so and the sink does not. No later read brings anything new
// then, and no gap tells of it.
func TestRun_WhatIsTakenInAndWasNotToldIsToldLater(t *testing.T) {
	w, r := forgedVersion(t)
	w.sink.SetDown(true)
	assert.Equal(t, 1, w.run(t, r).Open)
	assert.Equal(t, w.chat.Truth(poll).ExtensionList, w.record(t, poll).State.Visible())
	w.sink.SetDown(false)
	w.pass(2 * time.Minute)
	assert.Equal(t, 1, w.run(t, r).Repaired)
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
}

// The process ends between. Nothing is written then, and the next process once found the read in the
// store and had nothing to tell.
func TestRun_WhatIsTakenInIsToldAlthoughTheProcessEnds(t *testing.T) {
	w, r := forgedVersion(t)
	ctx, end := context.WithCancel(t.Context())
	ending := w.repairer(func(o *repair.Options) { o.ReadAll, o.Sinks = true, []sink.Sink{fatal{w.sink, end}} })
	_, err := ending.Run(ctx)
	require.NoError(t, err)
	assert.Equal(t, w.chat.Truth(poll).ExtensionList, w.record(t, poll).State.Visible())
	assert.NotEqual(t, w.chat.Truth(poll), w.sink.Reply(poll))

	w.pass(2 * time.Minute)
	assert.Equal(t, 1, w.run(t, r).Repaired)
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
}

// fatal is a sink that ends the process in the place of taking an event.
type fatal struct {
	sink.Sink
	end context.CancelFunc
}

func (f fatal) Send(ctx context.Context, _ cloudevent.Event) error {
	f.end()
	return ctx.Err()
}
