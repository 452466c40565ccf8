package repair_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/repair"
)

// A forged version becomes a real one, whose webhook is lost. The store takes in the read that says
// so and the sink does not. No later read brings anything new then, and no gap tells of it.
func TestRun_WhatIsTakenInAndWasNotToldIsToldLater(t *testing.T) {
	w := newWorld(t, nil)
	r := w.repairer(func(o *repair.Options) { o.ReadAll = true })
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
	forged := msgext.Event{Message: poll, Operation: msgext.Set, Seq: 2, KeyValues: []msgext.KeyValue{{Key: "mallory", Value: "1", Seq: 2}}}
	forged.Body = body(t, forged)
	w.receive(t, forged)
	require.ErrorIs(t, r.Replay(t.Context(), poll), repair.ErrAhead)
	require.True(t, w.record(t, poll).Check.SinksUpToDate)

	w.change(t, poll, msgext.Set, "bob", "1") // lost
	w.sink.SetDown(true)
	w.pass(2 * time.Minute)
	assert.Equal(t, 1, w.run(t, r).Open)
	assert.Equal(t, w.chat.Truth(poll).ExtensionList, w.record(t, poll).State.Visible())
	w.sink.SetDown(false)
	w.pass(2 * time.Minute)
	assert.Equal(t, 1, w.run(t, r).Repaired)
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
}
