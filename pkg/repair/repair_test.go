package repair_test

import (
	"context"
	"encoding/json"
	"fmt"
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

var poll = msgext.Message{SDKAppID: app, GroupID: "@TGS#poll", MsgSeq: 7}

// body writes an event as Chat would send it.
func body(t *testing.T, event msgext.Event) []byte {
	t.Helper()
	fields := map[string]any{
		"CallbackCommand": event.Command(), "OperateType": int(event.Operation), "ExtensionList": event.KeyValues, "Seq": event.Seq,
		"GroupId": event.Message.GroupID, "MsgSeq": event.Message.MsgSeq,
	}
	encoded, err := json.Marshal(fields)
	require.NoError(t, err)
	return encoded
}

func forged(t *testing.T, version int64, value string) msgext.Event {
	t.Helper()
	event := msgext.Event{Message: poll, Operation: msgext.Set, Seq: version, KeyValues: []msgext.KeyValue{{Key: "alice", Value: value, Seq: version}}}
	event.Body = body(t, event)
	return event
}

func TestRun_CompleteVersionsAreSettledWithoutARead(t *testing.T) {
	w := newWorld(t, nil)
	for _, option := range []string{"1", "2", "3"} {
		w.receive(t, w.change(t, poll, msgext.Set, "alice", option))
	}
	r := w.repairer(nil)
	assert.Equal(t, repair.Report{}, w.run(t, r), "nothing before the grace time")
	w.pass(grace)
	assert.Equal(t, repair.Report{Checked: 1, Longest: grace}, w.run(t, r))
	assert.Zero(t, w.chat.Calls())
	assert.EqualValues(t, 3, w.record(t, poll).State.Floor)
	assert.Empty(t, w.sink.Repaired())
	w.pass(24 * time.Hour)
	assert.Zero(t, w.run(t, r).Checked, "settled until it is swept")
}

func TestRun_ALostVersionIsReadBackAndTold(t *testing.T) {
	w := newWorld(t, nil)
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1", "bob", "2"))
	w.change(t, poll, msgext.Delete, "bob", "") // lost
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "3"))
	w.pass(grace)
	report := w.run(t, w.repairer(nil))
	assert.Equal(t, repair.Report{Checked: 1, Gaps: 1, Read: 1, Repaired: 1, Healed: 1, Longest: grace}, report)

	truth := w.chat.Truth(poll)
	assert.Equal(t, truth, w.record(t, poll).State.Reply())
	assert.False(t, w.record(t, poll).State.Gap())
	require.Len(t, w.sink.Repaired(), 1)
	assert.Equal(t, truth, w.sink.Reply(poll))
}

func TestRun_WhatASinkMissedIsAGapUntilItHasTheTruth(t *testing.T) {
	w := newWorld(t, nil)
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
	w.sink.SetDown(true)
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "2"))
	r := w.repairer(nil)
	w.pass(grace)
	report := w.run(t, r)
	assert.Equal(t, 1, report.Open)
	assert.True(t, w.record(t, poll).State.Gap(), "the store has it, the sink has not")
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())

	assert.Zero(t, w.run(t, r).Checked, "put off")
	w.sink.SetDown(false)
	w.pass(grace)
	assert.Equal(t, 1, w.run(t, r).Repaired)
	assert.False(t, w.record(t, poll).State.Gap())
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))
}

func TestRun_BacksOffAndNeverBlocksTheRest(t *testing.T) {
	other := msgext.Message{SDKAppID: app, GroupID: "@TGS#other", MsgSeq: 1}
	broken := true
	w := newWorld(t, func(o *chatsim.Options) {
		o.Trouble = func(int, string) int {
			if broken {
				return 60021 // our address is not allowed to call: nothing that a try a little later mends
			}
			return 0
		}
	})
	w.change(t, poll, msgext.Set, "alice", "1") // lost
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "2"))
	w.receive(t, w.change(t, other, msgext.Set, "bob", "1"))
	r := w.repairer(nil)
	w.pass(grace)
	assert.Equal(t, 1, w.run(t, r).Open)
	assert.False(t, w.record(t, other).State.Gap())

	// Checked again after 1, 2, 4, ... grace times, at most an hour apart.
	for _, wait := range []time.Duration{grace, 2 * grace, 4 * grace, 8 * grace, 16 * grace, 32 * grace, 64 * grace, time.Hour, time.Hour} {
		w.pass(wait - time.Second)
		require.Zero(t, w.run(t, r).Checked, "not before %s", wait)
		w.pass(time.Second)
		require.Equal(t, 1, w.run(t, r).Open, "after %s", wait)
	}
	// A new event starts over.
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "3"))
	broken = false
	w.pass(grace)
	assert.Equal(t, 1, w.run(t, r).Repaired)
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())
}

func TestRun_StopsCheckingDeletedMessages(t *testing.T) {
	w := newWorld(t, nil)
	w.change(t, poll, msgext.Set, "alice", "1")
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "2"))
	w.chat.Remove(poll)
	w.pass(grace)
	r := w.repairer(nil)
	assert.Equal(t, 1, w.run(t, r).Checked)
	w.pass(24 * time.Hour)
	assert.Zero(t, w.run(t, r).Checked)
}

func TestRun_WithoutRESTAccessGapsAreCountedAndNothingElseChanges(t *testing.T) {
	w := newWorld(t, nil)
	other := msgext.Message{SDKAppID: app, GroupID: "@TGS#other", MsgSeq: 1}
	w.change(t, poll, msgext.Set, "alice", "1")
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "2"), w.change(t, other, msgext.Set, "bob", "1"))
	w.pass(grace)
	before := w.record(t, poll).State
	report := w.run(t, w.repairer(func(o *repair.Options) { o.Chat = nil }))
	assert.Equal(t, repair.Report{Checked: 2, Gaps: 1, Open: 1, Longest: grace}, report)
	assert.Equal(t, before, w.record(t, poll).State)
	assert.EqualValues(t, 1, w.record(t, other).State.Floor)
}

func TestRun_AQuietMessageIsSweptOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.receive(t, w.change(t, poll, msgext.Set, "alice", "1", "bob", "1"), w.change(t, poll, msgext.Delete, "bob", ""))
	r := w.repairer(nil)
	w.pass(grace)
	w.run(t, r)
	w.pass(7 * 24 * time.Hour)
	assert.Equal(t, 1, w.run(t, r).Checked)
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())
	assert.NotContains(t, w.record(t, poll).State.Entries, "bob")
	assert.Zero(t, w.record(t, poll).Check.Due)
}

func TestRun_TakesUpInTheNextRunWhatTimeDidNotAllow(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 5 {
		m := msgext.Message{SDKAppID: app, GroupID: fmt.Sprint("g", i), MsgSeq: 1}
		w.receive(t, w.change(t, m, msgext.Set, "alice", "1"))
	}
	w.pass(grace)
	assert.Zero(t, w.run(t, w.repairer(func(o *repair.Options) { o.MaxRun = time.Nanosecond })).Checked)
	assert.Equal(t, 5, w.run(t, w.repairer(nil)).Checked)
}

func TestInvoke(t *testing.T) {
	w := newWorld(t, nil)
	w.change(t, poll, msgext.Set, "alice", "1") // its only webhook was lost: nobody has heard of the message
	r := w.repairer(nil)

	reply, err := r.Invoke(t.Context(), []byte(`{"GroupId":"@TGS#poll","MsgSeq":7}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"replayed":"1400000000/@TGS%23poll/7"}`, string(reply))
	assert.Equal(t, w.chat.Truth(poll), w.record(t, poll).State.Reply())
	assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll))

	for _, event := range []string{
		"", "{}", `{"Type":"Timer","TriggerName":"every-minute","Time":"2019-02-21T11:49:00Z","Message":""}`,
		`{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.events","account":"1","time":"2026-01-04T12:00:00Z","region":"eu-central-1","resources":[],"detail":{}}`,
	} {
		reply, err := r.Invoke(t.Context(), []byte(event))
		require.NoError(t, err, event)
		assert.JSONEq(t, `{"Checked":0,"Gaps":0,"Read":0,"Repaired":0,"Dropped":0,"Open":0,"Longest":0}`, string(reply))
	}
	for _, event := range []string{
		"[]", "x", `{"GroupId":"g"}`, `{"MsgSeq":1}`, `{"GroupId":"","MsgSeq":1}`, `{"GroupId":"g","MsgSeq":-1}`, `{"From_Account":"a","To_Account":"b"}`,
		`{"GroupId":"g","MsgSeq":1,"MsgKey":"k"}`, `{"GroupId":1}`,
		// What was meant as a message, and would be a run that says nothing of it.
		`{"Group":"g","Seq":158}`, `{"GroupId":"g","Seq":158}`, `{"groupId":"g","msgSeq":158}`, `{"GroupID":"g","MsgSeq":158}`, `{"GroupId ":"g"}`,
		`{"From":"a","To":"b","MsgKey":"k"}`, `{"GroupId":"g","MsgSeq":"158"}`, `{"GroupId":"g","GroupId":"h","MsgSeq":158}`, `{"GroupId":"g","MsgSeq":1.5}`,
		`{"GroupId":"g","MsgSeq":158,"Dry":true}`, `{"GroupId":null,"MsgSeq":null}`, `{"body":"{\"GroupId\":\"g\",\"MsgSeq\":158}"}`, `{"detail":{},"GroupId":"g","MsgSeq":158}`,
		`{"detail":{"GroupId":"g","MsgSeq":158}}`, `{"version":"0","source":"mine","detail":{"MsgKey":"k"}}`, `null`, `"{}"`, `{} {}`, `{"Records":[]}`, `{"key1":"value1"}`,
	} {
		_, err := r.Invoke(t.Context(), []byte(event))
		assert.ErrorIs(t, err, repair.ErrPayload, event)
	}
	_, err = r.Invoke(t.Context(), []byte(`{"GroupId":"never","MsgSeq":1}`))
	assert.Error(t, err, "an operator wants to know that it did not work")
	_, err = w.store.Load(t.Context(), msgext.Message{SDKAppID: app, GroupID: "never", MsgSeq: 1})
	assert.ErrorIs(t, err, state.ErrNotFound)
}

// troubleSink does what it is told to instead of sending.
type troubleSink struct{ send func(context.Context) error }

func (troubleSink) Name() string { return "trouble" }
func (troubleSink) Close() error { return nil }

func (s troubleSink) Send(ctx context.Context, _ cloudevent.Event) error {
	return s.send(ctx)
}

// A sink that panics, or never answers, costs its message a later check, and nothing else: a panic
// ended the process once, and every later run died on the same message.
func TestRun_ASinkInTroubleCostsNoMoreThanItsMessage(t *testing.T) {
	for name, send := range map[string]func(context.Context) error{
		"panics":  func(context.Context) error { panic("planted-value") },
		"is deaf": func(context.Context) error { select {} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
			w.change(t, poll, msgext.Set, "alice", "2") // lost
			w.receive(t, w.change(t, poll, msgext.Set, "alice", "3"))
			w.pass(grace)
			r := w.repairer(func(o *repair.Options) {
				o.Sinks = append(o.Sinks, troubleSink{send})
				o.MaxRun = 3 * time.Second
			})
			assert.Equal(t, 1, w.run(t, r).Open)
			assert.Equal(t, w.chat.Truth(poll), w.sink.Reply(poll), "the other sink was told")
			assert.True(t, w.record(t, poll).State.Gap(), "not everybody knows")
			w.pass(grace)
			assert.Equal(t, 1, w.run(t, w.repairer(nil)).Repaired)
			assert.False(t, w.record(t, poll).State.Gap())
		})
	}
}
