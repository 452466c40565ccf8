// Package statetest is the suite that every state.Store passes, against the real service. What a
// store must compute is msgext.State, for which package memstate stands as the plainest store there is.
//
// It is for the tests of a store, ours or yours. Its API is v0: it may change with any release.
package statetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Open opens a store. The database behind it may be shared with other tests: the suite uses new
// messages each time.
type Open func(t *testing.T) state.Store

// Run runs the suite. RunCrash and RunSnapshot are its other parts.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		test func(*testing.T, state.Store)
	}{
		{"an unknown message is not found", testUnknown},
		{"one event is there as it was sent", testOneEvent},
		{"an event makes its message due and starts its check over", testApplySchedules},
		{"an event that nothing else must accept is seen in the same write", testApplySeen},
		{"what was not marked as seen is a gap", testNotSeenIsGap},
		{"seen is bounded", testSeenIsBounded},
		{"keys and values of any kind and size come back as they were", testHostileText},
		{"keys and names far over the vendor's limits", testLongNames},
		{"versions are exact to the last bit", testGreatVersions},
		{"one version twice gives one state in any order", testTies},
		{"three hundred keys", testManyKeys},
		{"a read outranks what was heard up to it", testMerge},
		{"a read that kept moving", testMovingRead},
		{"an older read changes nothing", testOlderRead},
		{"due messages, the longest waiting first", testDue},
		{"an outcome is written unless an event came meanwhile", testChecked},
		{"drop leaves the message due, with a gap, and loses no real event", testDrop},
		{"sweep changes nothing visible", testSweep},
		{"sweep spares a message that has changed", testSweepChanged},
		{"forget leaves nothing", testForget},
		{"random histories give what the model gives", testRandomHistories},
		{"many writers on one message give one state", testContention},
		{"one webhook sixteen times at once is one change", testSixteenDuplicates},
		{"every method at once fails nobody and leaves nothing behind", testEveryMethodAtOnce},
		{"a cancelled context is honoured", testCancelled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := open(t)
			t.Cleanup(func() { assert.NoError(t, store.Close()) })
			test.test(t, store)
		})
	}
}

// start is when the suite's events are heard. Databases keep milliseconds.
var start = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// NewMessage returns a message that nobody has used before.
func NewMessage() msgext.Message {
	return msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#" + rand.Text(), MsgSeq: 10}
}

// NewC2CMessage returns a one-to-one message that nobody has used before.
func NewC2CMessage() msgext.Message {
	return msgext.Message{SDKAppID: "1400000000", From: "jared/" + rand.Text(), To: "Jonh", MsgKey: "93847636_1287657_1764688415"}
}

// SetEvent returns an event that sets keys to a value under one version.
func SetEvent(m msgext.Message, version int64, value string, keys ...string) msgext.Event {
	event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version}
	for _, key := range keys {
		event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: key, Value: value, Seq: version})
	}
	return event
}

// DeleteEvent returns an event that deletes keys.
func DeleteEvent(m msgext.Message, version int64, keys ...string) msgext.Event {
	event := SetEvent(m, version, "", keys...)
	event.Operation = msgext.Delete
	return event
}

// ClearEvent returns an event that clears all keys.
func ClearEvent(m msgext.Message, version int64) msgext.Event {
	return msgext.Event{Message: m, Operation: msgext.Clear, Seq: version}
}

func apply(t *testing.T, s state.Store, events ...msgext.Event) {
	t.Helper()
	for _, event := range events {
		require.NoError(t, s.Apply(t.Context(), event, start, false))
		require.NoError(t, s.MarkSeen(t.Context(), event.Message, event.Version()))
	}
}

func load(t *testing.T, s state.Store, m msgext.Message) state.Record {
	t.Helper()
	record, err := s.Load(t.Context(), m)
	require.NoError(t, err)
	return record
}

// headOf finds a message among those due before a moment.
func headOf(t *testing.T, s state.Store, m msgext.Message, before time.Time) (state.Head, bool) {
	t.Helper()
	heads, err := s.Due(t.Context(), before, 100_000)
	require.NoError(t, err)
	for _, head := range heads {
		if head.Message == m {
			return head, true
		}
	}
	return state.Head{}, false
}

// sameRecord compares what two records mean: garbage and how far the floor has been raised may
// differ.
func sameRecord(t *testing.T, want, got state.Record, context string) {
	t.Helper()
	require.Equal(t, want.State.Reply(), got.State.Reply(), context)
	require.Equal(t, want.State.Contiguous(), got.State.Contiguous(), context)
	require.Equal(t, want.State.Gap(), got.State.Gap(), context)
	require.Equal(t, want.Check, got.Check, context)
}
