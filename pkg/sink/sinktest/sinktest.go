// Package sinktest is the suite that every sink.Sink passes, against its real destination. Run
// checks what a sink promises, Faults how it behaves on a network that fails.
//
// It is for the tests of a sink, ours or yours. Its API is v0: it may change with any release.
package sinktest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
)

// Destination is a sink, with functions and facts about its destination.
type Destination struct {
	Sink sink.Sink

	// Received returns every event that the destination has accepted, in its order if Ordered.
	Received func(t *testing.T) []cloudevent.Event

	// Ordered is set if the driver promises order per message.
	Ordered bool

	// Rewrites is set if the destination parses the JSON and writes it again: the same value with
	// other bytes.
	Rewrites bool

	// Limit is the size in bytes that the destination accepts, 0 if the driver knows none.
	Limit int

	// Secrets are what Name and errors must not show.
	Secrets []string
}

// Run runs the suite. Each test opens a destination of its own.
func Run(t *testing.T, open func(t *testing.T) Destination) {
	tests := []struct {
		name string
		test func(*testing.T, Destination)
	}{
		{"accepted means that it is there, as it was sent", testContent},
		{"many senders at once", testConcurrent},
		{"events of one message keep their order", testOrder},
		{"a context that is done is honoured", testContext},
		{"what is too large is refused by size, the truth goes as its marker", testTooLarge},
		{"its name and errors show no secret", testSecrets},
		{"it may be closed twice, and then sends nothing", testClose},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.test(t, open(t)) })
	}
}

// Change returns the event of one set on a message of a group.
func Change(t testing.TB, group string, version int64, value string) cloudevent.Event {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"CallbackCommand": msgext.GroupCommand, "GroupId": group, "MsgSeq": 1, "OperateType": 1, "Seq": version, "EventTime": 1764688294360,
		"ExtensionList": []msgext.KeyValue{{Key: "choice", Value: value, Seq: version}},
	})
	require.NoError(t, err)
	decoded, err := msgext.Decode("1400000001", msgext.GroupCommand, body)
	require.NoError(t, err)
	event, err := cloudevent.New(decoded, time.UnixMilli(1764688294500))
	require.NoError(t, err)
	return event
}

// Plenty returns a context for calls that must succeed, however slow the machine.
func Plenty(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), plenty)
	t.Cleanup(cancel)
	return ctx
}

func send(t *testing.T, d Destination, event cloudevent.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), plenty)
	defer cancel()
	require.NoError(t, d.Sink.Send(ctx, event))
}

func testContent(t *testing.T, d Destination) {
	events := []cloudevent.Event{
		Change(t, "test", 1, "plain"),
		Change(t, "@TGS#1 /%?", 2, "日本 😀 \u202e \"quoted\" \\ <b>"),
		Change(t, "controls", 3, "\x00\x01\n\x7f"),
		Change(t, "versions", math.MaxInt64, "the greatest"),
		Change(t, "limits", 4, strings.Repeat("v", msgext.MaxValueBytes)),
	}
	repaired, err := cloudevent.NewRepaired(msgext.Message{SDKAppID: "1", From: "a", To: "b", MsgKey: "1_2_3"},
		cloudevent.Truth{ReadReply: msgext.NewReadReply(7, 0, []msgext.KeyValue{{Key: "k", Value: "v", Seq: 7}})}, time.UnixMilli(1764688294360))
	require.NoError(t, err)
	forwarded, err := cloudevent.NewForwarded("1", "State.StateChange", []byte("not JSON"), time.UnixMilli(1764688294360))
	require.NoError(t, err)
	events = append(events, repaired, forwarded)
	want := map[string]string{}
	for _, event := range events {
		send(t, d, event)
		want[event.ID()] = string(event.JSON())
	}
	for _, event := range d.Received(t) {
		if d.Rewrites {
			assert.Equal(t, value(t, want[event.ID()]), value(t, string(event.JSON())))
		} else {
			assert.Equal(t, want[event.ID()], string(event.JSON()))
		}
		delete(want, event.ID())
	}
	assert.Empty(t, want)
}

// value decodes JSON and keeps numbers as they are written.
func value(t *testing.T, encoded string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(encoded))
	decoder.UseNumber()
	var decoded any
	require.NoError(t, decoder.Decode(&decoded))
	return decoded
}

func testConcurrent(t *testing.T, d Destination) {
	const senders, each = 16, 5
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for version := range int64(each) {
				ctx, cancel := context.WithTimeout(t.Context(), plenty)
				assert.NoError(t, d.Sink.Send(ctx, Change(t, fmt.Sprint("group", sender), version+1, "v")))
				cancel()
			}
		})
	}
	all.Wait()
	ids, last := map[string]bool{}, map[string]string{}
	for _, event := range d.Received(t) {
		ids[event.ID()] = true
		if d.Ordered {
			assert.Greater(t, event.Sequence(), last[event.PartitionKey()], "each message's own order")
			last[event.PartitionKey()] = event.Sequence()
		}
	}
	assert.Len(t, ids, senders*each)
}

func testOrder(t *testing.T, d Destination) {
	if !d.Ordered {
		return // no order is promised
	}
	for version := range int64(30) {
		send(t, d, Change(t, "poll", version+1, "v"))
	}
	last := ""
	events := d.Received(t)
	require.Len(t, events, 30)
	for _, event := range events {
		assert.Greater(t, event.Sequence(), last)
		last = event.Sequence()
	}
}

func testContext(t *testing.T, d Destination) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, d.Sink.Send(cancelled, Change(t, "cancelled", 1, "v")), context.Canceled)
	expired, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	err := d.Sink.Send(expired, Change(t, "expired", 1, "v"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NotContains(t, err.Error(), d.Sink.Name()+":", "an Outcome adds the name")
	assert.Empty(t, d.Received(t))
}

func testTooLarge(t *testing.T, d Destination) {
	if d.Limit == 0 {
		return // nothing is too large
	}
	var tooLarge *sink.TooLargeError
	err := d.Sink.Send(t.Context(), Change(t, "large", 1, strings.Repeat("x", d.Limit)))
	require.ErrorAs(t, err, &tooLarge)
	assert.Greater(t, tooLarge.Size, d.Limit)
	assert.LessOrEqual(t, tooLarge.Limit, d.Limit)
	assert.NotContains(t, err.Error(), d.Sink.Name()+":", "an Outcome adds the name")

	list := []msgext.KeyValue{{Key: "k", Value: strings.Repeat("x", d.Limit), Seq: 7}}
	repaired, err := cloudevent.NewRepaired(msgext.Message{SDKAppID: "1", GroupID: "large", MsgSeq: 1}, cloudevent.Truth{ReadReply: msgext.NewReadReply(7, 0, list)}, time.Time{})
	require.NoError(t, err)
	send(t, d, repaired)
	received := d.Received(t)
	require.Len(t, received, 1)
	_, reply, err := received[0].Truth()
	require.NoError(t, err)
	assert.Equal(t, 0, reply.CompleteFlag, "the marker tells the consumer to read")
	assert.EqualValues(t, 7, reply.LatestSeq)
	assert.Empty(t, reply.ExtensionList)
}

func testSecrets(t *testing.T, d Destination) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	failure := d.Sink.Send(cancelled, Change(t, "secret", 1, "7f3a-value"))
	require.Error(t, failure)
	for _, secret := range append(d.Secrets, "7f3a-value") {
		assert.NotContains(t, d.Sink.Name(), secret)
		assert.NotContains(t, failure.Error(), secret)
	}
	assert.NotContains(t, d.Sink.Name(), "?")
}

func testClose(t *testing.T, d Destination) {
	send(t, d, Change(t, "closed", 1, "v"))
	require.NoError(t, d.Sink.Close())
	require.NoError(t, d.Sink.Close())
	ctx, cancel := context.WithTimeout(t.Context(), plenty)
	defer cancel()
	require.ErrorIs(t, d.Sink.Send(ctx, Change(t, "closed", 2, "v")), sink.ErrClosed)
	assert.Len(t, d.Received(t), 1)
}
