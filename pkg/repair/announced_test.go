package repair_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

var private = msgext.Message{SDKAppID: app, From: "alice", To: "bob", MsgKey: "1_2_3"}

func (w *world) announce(t *testing.T, m msgext.Message) {
	t.Helper()
	require.NoError(t, w.store.Announce(t.Context(), m, w.clock(), w.clock().Add(state.FirstAnnouncedRead)))
}

// runs repairs once a minute, as long as told, and adds up what came of it.
func (w *world) runs(t *testing.T, r *repair.Repairer, d time.Duration) (total repair.Report) {
	t.Helper()
	for end := w.clock().Add(d); w.clock().Before(end); w.pass(time.Minute) {
		report := w.run(t, r)
		total.Read += report.Read
		total.Open += report.Open
		total.GaveUp += report.GaveUp
		total.Erased += report.Erased
		total.Repaired += report.Repaired
		total.Gone += report.Gone
	}
	return total
}

// told returns the messages of which the sink was told, once for each time.
func (w *world) told() (paths []string) {
	for _, event := range append(w.sink.Repaired(), w.sink.Gone()...) {
		paths = append(paths, event.PartitionKey())
	}
	return paths
}

// A message without extensions is read four times, told to nobody, and erased after the last read,
// however Chat answers.
func TestRun_AnAnnouncedMessageWithoutExtensionsIsErasedAfterItsLastRead(t *testing.T) {
	for name, answer := range map[string]struct {
		known     bool
		code      int
		wantReads int
	}{"LatestSeq 0": {true, 0, 4}, "no such message": {false, 0, 0}, "refused": {true, 10007, 0}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *chatsim.Options) { o.Refuse = func(msgext.Message) int { return answer.code } })
			if answer.known {
				w.chat.Add(poll)
			}
			w.announce(t, poll)
			r := w.repairer(func(o *repair.Options) { o.ReadAll = true })
			early := w.runs(t, r, 7*24*time.Hour)
			_, err := w.store.Load(t.Context(), poll)
			require.NoError(t, err)
			assert.Equal(t, 3, w.chat.Calls())
			late := w.runs(t, r, time.Hour)
			assert.Equal(t, 4, w.chat.Calls())
			assert.Equal(t, repair.Report{Read: answer.wantReads, Erased: 1}, repair.Report{
				Read: early.Read + late.Read, Open: early.Open + late.Open, GaveUp: early.GaveUp + late.GaveUp,
				Erased: early.Erased + late.Erased, Repaired: early.Repaired + late.Repaired, Gone: early.Gone + late.Gone,
			})
			_, err = w.store.Load(t.Context(), poll)
			assert.ErrorIs(t, err, state.ErrNotFound)
			assert.Empty(t, w.told())
		})
	}
}

// What a read finds is told, and the later reads of the announcement go on.
func TestRun_AnAnnouncedMessageIsToldOnceItHasExtensions(t *testing.T) {
	w := newWorld(t, nil)
	w.announce(t, poll)
	w.change(t, poll, msgext.Set, "alice", "1") // its webhook is lost, as are all others
	r := w.repairer(nil)
	w.runs(t, r, 12*time.Minute)
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
	w.change(t, poll, msgext.Set, "bob", "2")
	w.runs(t, r, 50*time.Minute)
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())
	w.announce(t, poll)
	assert.Equal(t, 2, w.chat.Calls(), "a doubled announcement changes nothing")
}

// Announced messages take a quarter of the calls that Chat allows. One of two accounts may cost two.
func TestRun_PaceOfAnnouncedMessages(t *testing.T) {
	w := newWorld(t, nil)
	w.announce(t, poll)
	w.announce(t, private)
	w.pass(state.FirstAnnouncedRead + grace)
	var waited []time.Duration
	report := w.run(t, w.repairer(func(o *repair.Options) {
		o.Wait = func(_ context.Context, d time.Duration) error {
			waited = append(waited, d)
			return nil
		}
	}))
	assert.Equal(t, 2, report.Checked)
	const quarter = 4 * time.Second / chatapi.DefaultCallsPerSecond
	assert.ElementsMatch(t, []time.Duration{quarter, 2 * quarter}, waited)
}

// Chat may know a one-to-one message by its accounts in the other order: then that is its name
// here, too.
func TestRun_AnAnnouncedMessageIsLookedForWithItsAccountsExchanged(t *testing.T) {
	exchanged := private
	exchanged.From, exchanged.To = private.To, private.From
	w := newWorld(t, nil)
	w.announce(t, private)
	w.change(t, exchanged, msgext.Set, "alice", "1")
	total := w.runs(t, w.repairer(nil), 8*24*time.Hour)
	assert.Equal(t, w.chat.Truth(exchanged), w.sink.Reply(exchanged))
	assert.Equal(t, []string{exchanged.Path()}, w.told())
	_, err := w.store.Load(t.Context(), private)
	assert.ErrorIs(t, err, state.ErrNotFound)
	assert.Zero(t, total.Open)
	assert.Equal(t, 1, total.Repaired)
}

// Backfill tells of what is there, and leaves nothing of what is not.
func TestBackfill(t *testing.T) {
	exchanged := private
	exchanged.From, exchanged.To = private.To, private.From
	plain := msgext.Message{SDKAppID: app, GroupID: poll.GroupID, MsgSeq: poll.MsgSeq + 1}
	never := msgext.Message{SDKAppID: app, GroupID: poll.GroupID, MsgSeq: poll.MsgSeq + 2}
	w := newWorld(t, nil)
	w.change(t, poll, msgext.Set, "alice", "1")
	w.change(t, exchanged, msgext.Set, "bob", "2")
	w.chat.Add(plain)
	r := w.repairer(func(o *repair.Options) { o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil)) })
	for message, want := range map[msgext.Message]bool{poll: true, private: true, plain: false, never: false} {
		found, err := r.Backfill(t.Context(), message)
		require.NoError(t, err)
		assert.Equal(t, want, found, message)
	}
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
	assert.Equal(t, w.chat.Truth(exchanged), w.sink.Reply(exchanged))
	assert.ElementsMatch(t, []string{poll.Path(), exchanged.Path()}, w.told())
	page, err := w.store.Each(t.Context(), "", 10)
	require.NoError(t, err)
	assert.Len(t, page.Heads, 2)
}
