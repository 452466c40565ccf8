// Package statetest is the suite that every state.Store passes, against the real service. What a
// store must compute is state.Record. Package memstate, the simplest store, is the model for it.
//
// It is for the tests of a store, ours or yours. Its API is v0: it may change with any release.
package statetest

import (
	"crypto/rand"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Open opens a store. Its database may be shared with other tests, because the suite uses new
// messages each time.
type Open func(t *testing.T) state.Store

// Run runs the suite, except for its other parts RunCrash and RunSnapshot.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		test func(*testing.T, state.Store)
	}{
		{"an unknown message is not found, and a mark does not make it known", testUnknown},
		{"one event is there as it was sent", testOneEvent},
		{"an event makes its message due and starts its checks over", testApplySchedules},
		{"an event that nothing else must accept is seen in the same write", testApplySeen},
		{"what was not marked as seen is a gap", testNotSeenIsGap},
		{"seen is bounded", testSeenIsBounded},
		{"a late mark passes over what is seen above it", testLateMark},
		{"keys and values of any kind and size come back as they were", testHostileText},
		{"keys and names far over the vendor's limits", testLongNames},
		{"versions are exact to the last bit", testGreatVersions},
		{"one version twice gives one state in any order", testTies},
		{"three hundred keys", testManyKeys},
		{"a read outranks what was heard up to it", testMerge},
		{"a read that kept moving", testMovingRead},
		{"the newest read wins, also where LatestSeq fell", testFallingRead},
		{"a read that was overtaken changes nothing, one's own retry is no error", testOvertaken},
		{"of sixteen reads at once one is taken", testReadsAtOnce},
		{"a doubt is kept until a check that began after it settles it", testDoubt},
		{"the first announcement makes a message due while nothing is heard of it", testAnnounce},
		{"an outcome is written as far as it still holds", testSaveCheck},
		{"drop leaves the message due, with a gap, and loses no real event", testDrop},
		{"two drops at once are one", testDropOnce},
		{"sweep changes nothing visible", testSweep},
		{"sweep spares a message that has changed", testSweepChanged},
		{"erase spares a message that has changed", testErase},
		{"forget leaves nothing", testForget},
		{"an event that races forget leaves no keys without a head", testForgetRacesApply},
		{"due messages, the longest waiting first", testDue},
		{"each due message of a lane is met once while others move", testDueOnce},
		{"each message is met from the beginning and from somewhere", testEach},
		{"open, stuck and the longest waiting are counted", testCount},
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

// NewMessage returns a message that was not used before.
func NewMessage() msgext.Message {
	return msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#" + rand.Text(), MsgSeq: 10}
}

// NewC2CMessage returns a one-to-one message that was not used before.
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
		require.NoError(t, s.Apply(t.Context(), event, start, state.MarkLater))
		require.NoError(t, s.MarkSeen(t.Context(), event.Message, event.Version()))
	}
}

func load(t *testing.T, s state.Store, m msgext.Message) state.Record {
	t.Helper()
	record, err := s.Load(t.Context(), m)
	require.NoError(t, err)
	return record
}

// merge merges a read that follows the newest one.
func merge(t *testing.T, s state.Store, m msgext.Message, read msgext.Snapshot) {
	t.Helper()
	record, err := s.Load(t.Context(), m)
	if !errors.Is(err, state.ErrNotFound) {
		require.NoError(t, err)
	}
	require.NoError(t, s.Merge(t.Context(), m, following(record, read)))
}

// following numbers a read so that it follows the newest one.
func following(record state.Record, read msgext.Snapshot) msgext.Snapshot {
	read.After = record.State.ReadNumber()
	read.Number = max(read.After+1, start.UnixMilli())
	return read
}

// progress returns a record's progress, with an empty Seen as nil.
func progress(record state.Record) msgext.Progress {
	p := record.State.Progress
	if len(p.Seen) == 0 {
		p.Seen = nil
	}
	return p
}

// headOf finds a message among those due before a moment, in the lane in which it should wait.
func headOf(t *testing.T, s state.Store, m msgext.Message, before time.Time) (state.Head, bool) {
	t.Helper()
	var lane state.Lane
	if record, err := s.Load(t.Context(), m); err == nil {
		lane = record.Check.Lane()
	}
	for page := range pages(t, func(after state.Cursor) (state.Page, error) { return s.Due(t.Context(), lane, before, after, 5000) }) {
		for _, head := range page.Heads {
			if head.Message == m {
				return head, true
			}
		}
	}
	return state.Head{}, false
}

// pages requests page after page until there are no more.
func pages(t *testing.T, ask func(after state.Cursor) (state.Page, error)) iter.Seq[state.Page] {
	return func(yield func(state.Page) bool) {
		for page := (state.Page{More: true}); page.More; {
			next, err := ask(page.Next)
			require.NoError(t, err)
			require.False(t, next.More && next.Next == page.Next, "the cursor stands still")
			if !yield(next) {
				return
			}
			page = next
		}
	}
}

// sameRecord compares two records, except for garbage.
func sameRecord(t *testing.T, want, got state.Record, context string) {
	t.Helper()
	require.Equal(t, want.State.Reply(), got.State.Reply(), context)
	require.Equal(t, progress(want), progress(got), context)
	require.Equal(t, want.Check, got.Check, context)
	require.Equal(t, want.State.Read(), got.State.Read(), context)
	require.Equal(t, want.State.ReadNumber(), got.State.ReadNumber(), context)
}
