package repair_test

import (
	"bytes"
	"context"
	"iter"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

func listOf(messages ...msgext.Message) iter.Seq2[msgext.Message, error] {
	return func(yield func(msgext.Message, error) bool) {
		for _, m := range messages {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// verifier is a repairer that waits on the world's clock. meanwhile, if not nil, happens while it
// does.
func (w *world) verifier(meanwhile func(), change func(*repair.Options)) *repair.Repairer {
	return w.repairer(func(o *repair.Options) {
		o.Wait = func(_ context.Context, d time.Duration) error {
			w.pass(d)
			if meanwhile != nil {
				meanwhile()
			}
			return nil
		}
		if change != nil {
			change(o)
		}
	})
}

// settled is a message of three keys that repair has nothing more to do with for the time being.
func (w *world) settled(t *testing.T, m msgext.Message) {
	t.Helper()
	w.receive(t, w.change(t, m, msgext.Set, "a", "1", "b", "2", "c", "3"))
	w.pass(2 * grace)
	w.run(t, w.repairer(nil))
	require.True(t, w.record(t, m).Check.Due.After(w.clock()))
}

func verify(t *testing.T, r *repair.Repairer, options repair.VerifyOptions, m msgext.Message) (repair.Verified, repair.Verdict) {
	t.Helper()
	var verdict repair.Verdict
	options.Told = func(v repair.Verdict) { verdict = v }
	verified, err := r.Verify(t.Context(), listOf(m), options)
	require.NoError(t, err)
	require.Equal(t, 1, verified.Compared)
	return verified, verdict
}

func pointer(key, value string, seq int64) *msgext.KeyValue {
	return &msgext.KeyValue{Key: key, Value: value, Seq: seq}
}

func TestVerify(t *testing.T) {
	m := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 7}
	tests := []struct {
		name        string
		falls       bool                         // Chat's LatestSeq does
		then        func(t *testing.T, w *world) // after the message was settled
		meanwhile   func(t *testing.T, w *world) // between the two reads
		want        repair.Comparison
		differences []repair.Difference
	}{
		{name: "nothing happened", want: repair.Equal},
		{name: "a change, all of whose webhooks are lost", then: func(t *testing.T, w *world) {
			w.change(t, m, msgext.Set, "b", "20", "d", "4")
			w.change(t, m, msgext.Delete, "a", "")
		}, want: repair.Differs, differences: []repair.Difference{
			{Key: "a", Here: pointer("a", "1", 1)},
			{Key: "b", Here: pointer("b", "2", 1), Chat: pointer("b", "20", 2)},
			{Key: "d", Chat: pointer("d", "4", 2)},
		}},
		{name: "the same value, set anew", then: func(t *testing.T, w *world) { w.change(t, m, msgext.Set, "a", "1") },
			want: repair.Differs, differences: []repair.Difference{{Key: "a", Here: pointer("a", "1", 1), Chat: pointer("a", "1", 2)}}},
		{name: "a change that another one undid", then: func(t *testing.T, w *world) {
			w.change(t, m, msgext.Set, "d", "4")
			w.change(t, m, msgext.Delete, "d", "")
		}, want: repair.Differs},
		{name: "recalled", then: func(_ *testing.T, w *world) { w.chat.Remove(m) }, want: repair.Gone},
		{name: "recalled, as is known", then: func(t *testing.T, w *world) {
			w.chat.Remove(m)
			require.NoError(t, w.store.Doubt(t.Context(), m, w.clock(), state.FromOperator))
			w.pass(2 * grace)
			w.run(t, w.repairer(nil))
		}, want: repair.Equal},
		{name: "there again", then: func(t *testing.T, w *world) {
			w.chat.Remove(m)
			require.NoError(t, w.store.Doubt(t.Context(), m, w.clock(), state.FromOperator))
			w.pass(2 * grace)
			w.run(t, w.repairer(nil))
			w.change(t, m, msgext.Set, "a", "1", "b", "2", "c", "3")
		}, want: repair.Differs},
		{name: "a check that failed", then: func(t *testing.T, w *world) {
			w.receive(t, w.change(t, m, msgext.Set, "a", "2"))
			w.sink.SetDown(true)
			require.NoError(t, w.store.Doubt(t.Context(), m, w.clock(), state.FromOperator))
			for range 5 {
				w.pass(10 * grace)
				w.run(t, w.repairer(nil))
			}
			require.True(t, w.record(t, m).Check.Due.After(w.clock()))
			w.change(t, m, msgext.Set, "b", "3")
		}, want: repair.Undecided},
		{name: "another key deleted between two reads, which LatestSeq does not tell", falls: true,
			then:      func(t *testing.T, w *world) { w.change(t, m, msgext.Set, "d", "4") },
			meanwhile: func(t *testing.T, w *world) { w.change(t, m, msgext.Delete, "b", "") }, want: repair.Undecided},
		{name: "doubted", then: func(t *testing.T, w *world) {
			w.change(t, m, msgext.Set, "a", "2")
			require.NoError(t, w.store.Doubt(t.Context(), m, w.clock(), state.FromOperator))
		}, want: repair.Undecided},
		{name: "due", then: func(t *testing.T, w *world) {
			w.receive(t, w.change(t, m, msgext.Set, "a", "2"))
			w.change(t, m, msgext.Set, "b", "3")
		}, want: repair.Undecided},
		{name: "a webhook that was on its way", then: func(t *testing.T, w *world) { w.change(t, m, msgext.Set, "a", "2") },
			meanwhile: func(t *testing.T, w *world) { w.receive(t, w.change(t, m, msgext.Set, "b", "3")) }, want: repair.Undecided},
		{name: "changed between two reads", then: func(t *testing.T, w *world) { w.change(t, m, msgext.Set, "a", "2") },
			meanwhile: func(t *testing.T, w *world) { w.change(t, m, msgext.Set, "b", "3") }, want: repair.Undecided},
		{name: "repaired between two reads", then: func(t *testing.T, w *world) { w.change(t, m, msgext.Set, "a", "2") },
			meanwhile: func(t *testing.T, w *world) { require.NoError(t, w.repairer(nil).Replay(t.Context(), m)) }, want: repair.Undecided},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *chatsim.Options) { o.LatestFalls = test.falls })
			w.chat.Add(msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 8}) // so that the group stays
			w.settled(t, m)
			if test.then != nil {
				test.then(t, w)
			}
			before := w.record(t, m)
			verified, verdict := verify(t, w.verifier(func() {
				if test.meanwhile != nil {
					test.meanwhile(t, w)
				}
			}, nil), repair.VerifyOptions{}, m)
			assert.Equal(t, test.want, verdict.Comparison)
			assert.Equal(t, test.differences, verdict.Differences)
			assert.Equal(t, test.want == repair.Equal || test.want == repair.Undecided, verified.OK())
			if test.meanwhile == nil {
				assert.Equal(t, before, w.record(t, m), "comparing changes nothing")
			}
		})
	}
}

// What differs is doubted, and the next run makes it right, for the store and for consumers.
func TestVerify_Repairs(t *testing.T) {
	m := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 7}
	w := newWorld(t, nil)
	w.settled(t, m)
	w.change(t, m, msgext.Set, "a", "2")
	verified, _ := verify(t, w.verifier(nil, nil), repair.VerifyOptions{Repair: true}, m)
	assert.Equal(t, repair.Verified{Compared: 1, Differing: 1, Doubted: 1}, verified)
	w.pass(2 * grace)
	assert.Equal(t, 1, w.run(t, w.repairer(nil)).Repaired)
	assert.Equal(t, w.chat.Truth(m), w.record(t, m).State.Reply())
	assert.Equal(t, w.chat.Truth(m), w.sink.Reply(m))
	w.pass(4 * grace) // when a read decides all that was heard by the time of the doubt
	w.run(t, w.repairer(nil))
	verified, _ = verify(t, w.verifier(nil, nil), repair.VerifyOptions{Repair: true}, m)
	assert.Equal(t, repair.Verified{Compared: 1, Equal: 1}, verified)
}

func TestVerify_WhatCannotBeCompared(t *testing.T) {
	m := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 7}
	w := newWorld(t, func(o *chatsim.Options) {
		o.Refuse = func(refused msgext.Message) int {
			if refused.MsgSeq == 8 {
				return 10007
			}
			return 0
		}
	})
	w.settled(t, m)
	announced := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 8}
	require.NoError(t, w.store.Announce(t.Context(), announced, w.clock(), w.clock().Add(time.Hour)))
	var failed []msgext.Message
	options := repair.VerifyOptions{Failed: func(m msgext.Message, err error) {
		assert.ErrorIs(t, err, state.ErrNotFound)
		failed = append(failed, m)
	}}
	unknown := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 9}
	verified, err := w.verifier(nil, nil).Verify(t.Context(), listOf(m, announced, unknown), options)
	require.NoError(t, err)
	assert.Equal(t, []msgext.Message{unknown}, failed)
	assert.Equal(t, repair.Verified{Compared: 3, Equal: 2, Failed: 1}, verified, "an announced message without extensions is as Chat has it")

	_, err = w.verifier(nil, func(o *repair.Options) { o.Chat = nil }).Compare(t.Context(), m)
	assert.ErrorIs(t, err, repair.ErrNoAccess)
}

// Chat is asked for 20 messages a second at most, by the clock that the options have. Nothing is
// waited for before the first message.
func TestVerify_KeepsItsPace(t *testing.T) {
	w := newWorld(t, nil)
	var messages []msgext.Message
	for n := range int64(21) {
		m := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: n}
		w.settled(t, m)
		messages = append(messages, m)
	}
	began := w.clock()
	waited := 0
	verified, err := w.verifier(func() { waited++ }, nil).Verify(t.Context(), listOf(messages...), repair.VerifyOptions{})
	require.NoError(t, err)
	assert.Equal(t, repair.Verified{Compared: 21, Equal: 21}, verified)
	assert.Equal(t, time.Second, w.clock().Sub(began))
	assert.Equal(t, 20, waited)

	ended, end := context.WithCancel(t.Context())
	end()
	verified, err = w.verifier(nil, nil).Verify(ended, listOf(messages...), repair.VerifyOptions{})
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, verified.Compared)
}

// Where the time is up before the second read, nothing is certain.
func TestVerify_WithoutTimeForASecondRead(t *testing.T) {
	m := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 7}
	w := newWorld(t, nil)
	w.settled(t, m)
	w.change(t, m, msgext.Set, "a", "2")
	r := w.repairer(func(o *repair.Options) {
		o.Wait = func(context.Context, time.Duration) error { return context.DeadlineExceeded }
	})
	verified, verdict := verify(t, r, repair.VerifyOptions{Repair: true}, m)
	assert.Equal(t, repair.Verified{Compared: 1, Undecided: 1}, verified)
	assert.Empty(t, verdict.Differences)
}

func TestMessagesAndSample(t *testing.T) {
	w := newWorld(t, nil)
	all := make(map[msgext.Message]bool)
	for n := range int64(250) {
		m := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: n}
		all[m] = true
		require.NoError(t, w.store.Announce(t.Context(), m, w.clock(), w.clock()))
	}
	require.NoError(t, w.store.Announce(t.Context(), msgext.Message{SDKAppID: "1400000001", GroupID: "g", MsgSeq: 1}, w.clock(), w.clock()))
	collect := func(messages iter.Seq2[msgext.Message, error]) map[msgext.Message]bool {
		met := make(map[msgext.Message]bool)
		for m, err := range messages {
			require.NoError(t, err)
			assert.False(t, met[m], "each once")
			met[m] = true
		}
		return met
	}
	r := w.repairer(nil)
	assert.Equal(t, all, collect(r.Messages(t.Context())))
	for n, want := range map[int]int{0: 0, 1: 1, 100: 100, 249: 249, 250: 250, 1000: 250} {
		for _, key := range []uint64{0, 1, 100, 249, 250, 1 << 63} {
			assert.Len(t, collect(r.Sample(t.Context(), n, key)), want, "%d from %d", n, key)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, messages := range []iter.Seq2[msgext.Message, error]{r.Messages(cancelled), r.Sample(cancelled, 5, 1)} {
		for _, err := range messages {
			assert.ErrorIs(t, err, context.Canceled)
		}
	}
}

// A run finds by itself what nothing else does: a change after the last scheduled read, all of
// whose webhooks are lost.
func TestRun_VerifiesASample(t *testing.T) {
	for sample, found := range map[int]bool{0: false, 5: true} {
		w := newWorld(t, nil)
		var log bytes.Buffer
		r := w.verifier(nil, func(o *repair.Options) {
			o.ReadAll, o.VerifySample, o.Metrics = true, sample, metric.Plain
			o.Logger = slog.New(slog.NewJSONHandler(&log, nil))
		})
		m := msgext.Message{SDKAppID: app, GroupID: "planted-group", MsgSeq: 7}
		w.receive(t, w.change(t, m, msgext.Set, "planted-key", "planted-value"))
		for range 20 { // days
			w.pass(24 * time.Hour)
			w.run(t, r)
		}
		w.change(t, m, msgext.Set, "planted-key", "another-value")
		w.pass(time.Hour)
		log.Reset()
		report := w.run(t, r)
		assert.Equal(t, found, report.Drift == 1)
		assert.Equal(t, found, bytes.Contains(log.Bytes(), []byte(`"Drift":1`)))
		assert.NotContains(t, log.String(), "planted-key")
		assert.NotContains(t, log.String(), "-value")
		w.pass(2 * grace)
		w.run(t, r)
		assert.Equal(t, found, assert.ObjectsAreEqual(w.chat.Truth(m), w.record(t, m).State.Reply()))
	}
}
