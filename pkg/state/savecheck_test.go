package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

func clearing(version int64) msgext.Event {
	return msgext.Event{Message: poll, Operation: msgext.Clear, Seq: version}
}

func TestRecord_AheadIsAFactAboutOneVersion(t *testing.T) {
	minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	for _, test := range []struct {
		name   string
		stands int64 // AheadOver as stored, since minute 1
		busy   bool  // an event came during the check
		next   state.Outcome
		over   int64
		since  time.Time
	}{
		{"first found", 0, false, state.Outcome{Read: true, Latest: 5, AheadOver: 9, AheadSince: minute(2)}, 9, minute(2)},
		{"first found on a busy message", 0, true, state.Outcome{Read: true, Latest: 5, AheadOver: 9, AheadSince: minute(2)}, 9, minute(2)},
		{"the older fact still stands", 9, false, state.Outcome{Read: true, Latest: 8, AheadOver: 12, AheadSince: minute(2)}, 9, minute(1)},
		{"Chat has reached it, and is behind another", 9, true, state.Outcome{Read: true, Latest: 9, AheadOver: 12, AheadSince: minute(2)}, 12, minute(2)},
		{"Chat has reached it", 9, false, state.Outcome{Read: true, Latest: 9}, 0, time.Time{}},
		{"Chat has reached it, on a busy message", 9, true, state.Outcome{Read: true, Latest: 9}, 0, time.Time{}},
		{"no read", 9, false, state.Outcome{Latest: 12}, 9, minute(1)},
	} {
		var r state.Record
		r.Apply(clearing(12), start, state.MarkNow)
		if test.stands != 0 {
			r.SaveCheck(state.Outcome{Revision: r.Check.Revision, Read: true, Latest: 5, AheadOver: test.stands, AheadSince: minute(1), Due: start})
		}
		test.next.Revision = r.Check.Revision
		if test.busy {
			r.Apply(clearing(12), start, state.MarkNow)
		}
		r.SaveCheck(test.next)
		assert.Equal(t, test.over, r.Check.AheadOver, test.name)
		assert.Equal(t, test.since, r.Check.AheadSince, test.name)
	}
}

func TestRecord_ABusyMessageMovesBehindTheOthers(t *testing.T) {
	var r state.Record
	r.Apply(clearing(1), start, state.MarkLater)
	outcome := state.Outcome{Revision: r.Check.Revision, Started: start.Add(time.Minute), Due: start.Add(time.Hour), Tries: 2, SinksUpToDate: true, Gone: true, GaveUp: true}
	r.Apply(clearing(2), start.Add(30*time.Second), state.MarkNow)
	want := r.Check
	r.SaveCheck(outcome)
	want.Due = start.Add(time.Minute)
	assert.Equal(t, want, r.Check)
	outcome.Started = start
	r.SaveCheck(outcome)
	assert.Equal(t, want, r.Check, "never before them")

	outcome.Revision = r.Check.Revision
	r.SaveCheck(outcome)
	assert.Equal(t, state.Check{
		Revision: outcome.Revision, Heard: want.Heard, Due: start.Add(time.Hour), Tries: 2, SinksUpToDate: true, Gone: true, GaveUp: true,
	}, r.Check)
	assert.Equal(t, state.Stuck, r.Check.Standing())
	r.Doubt(start, state.FromOperator)
	assert.Equal(t, state.Open, r.Check.Standing(), "a doubt revives what was given up")
	assert.True(t, r.Check.Gone, "which a read decides, not a late webhook")
}

// dropped returns a message whose versions above 3 were dropped in minute 2. The newest of them was
// heard in minute 3.
func dropped() (r state.Record, loaded state.Outcome) {
	r.Merge(msgext.Snapshot{Number: start.UnixMilli(), Latest: 3})
	r.Apply(clearing(9), start.Add(3*time.Minute), state.MarkNow)
	loaded = state.Outcome{Revision: r.Check.Revision, Read: true, Latest: 3, AheadOver: 9, AheadSince: start, Settles: true, Floor: 9}
	r.Drop(state.Drop{Above: 3, Now: start.Add(2 * time.Minute), Due: start})
	return r, loaded
}

func TestRecord_ASlowCheckUndoesNoDrop(t *testing.T) {
	r, loaded := dropped()
	before := r.Clone()
	r.SaveCheck(loaded)
	assert.Equal(t, before, r)
	assert.False(t, r.Drop(state.Drop{Above: 3, Now: start.Add(time.Hour)}), "nor does a second run drop twice")
	assert.Equal(t, before, r)
	assert.Equal(t, state.Open, r.Check.Standing())

	between := r.Check.DroppedAt
	assert.True(t, r.Drop(state.Drop{Above: 3, DroppedAt: between, Now: start.Add(2 * time.Minute)}))
	assert.False(t, r.Drop(state.Drop{Above: 3, DroppedAt: between, Now: start.Add(2 * time.Minute)}), "two drops of one moment are two")
}

func TestRecord_ADropIsOwedToTheSinksUntilAReadDecidesIt(t *testing.T) {
	at := start.Add(3 * time.Minute)
	for _, test := range []struct {
		name    string
		settles bool
		decided time.Time
		busy    bool
		want    time.Time
	}{
		{"told, and decides all that was heard by then", true, at.Add(time.Millisecond), false, time.Time{}},
		{"an event came meanwhile", true, at.Add(time.Millisecond), true, time.Time{}},
		{"decides all but the newest", true, at, false, at},
		{"not told", false, at.Add(time.Hour), false, at},
	} {
		r, _ := dropped()
		assert.Equal(t, at, r.Check.DroppedAt, "at the earliest when the newest was heard")
		outcome := state.Outcome{Revision: r.Check.Revision, DroppedAt: at, Settles: test.settles, Decided: test.decided, Floor: 3}
		if test.busy {
			r.Apply(clearing(4), at.Add(time.Hour), state.MarkNow)
		}
		r.SaveCheck(outcome)
		assert.Equal(t, test.want, r.Check.DroppedAt, test.name)
		assert.GreaterOrEqual(t, r.State.Floor, int64(3), test.name)
	}
}

func TestRecord_SweepsAndErasesOnlyWhatHasNotChanged(t *testing.T) {
	for name, change := range map[string]func(*state.Record){
		"event": func(r *state.Record) { r.Apply(clearing(1), start, state.MarkNow) },
		"doubt": func(r *state.Record) { r.Doubt(start, state.FromOperator) },
		"drop":  func(r *state.Record) { r.Drop(state.Drop{Above: 9, Now: start}) },
	} {
		var r state.Record
		r.Apply(msgext.Event{Operation: msgext.Delete, Seq: 5, KeyValues: []msgext.KeyValue{{Key: "a", Seq: 5}}}, start, state.MarkNow)
		revision := r.Check.Revision
		change(&r)
		r.Sweep(revision)
		assert.Len(t, r.State.Entries, 1, name)
		assert.False(t, r.MayErase(revision), name)
		r.Sweep(r.Check.Revision)
		assert.Empty(t, r.State.Entries, name)
		assert.True(t, r.MayErase(r.Check.Revision), name)
	}
}

func TestRecord_OneThatAReadCreatesIsDue(t *testing.T) {
	var r state.Record
	number := start.UnixMilli()
	assert.True(t, r.Merge(msgext.Snapshot{Number: number, Latest: 4}))
	assert.Equal(t, state.Check{Revision: number, Due: start}, r.Check, "its reader may die before it writes an outcome")
	r.SaveCheck(state.Outcome{Revision: number, Started: start, Floor: 4})
	assert.Zero(t, r.Check.Due)
	assert.False(t, r.State.Gap())

	assert.True(t, r.Merge(msgext.Snapshot{Number: number + 1, After: number, Latest: 5}))
	assert.Equal(t, state.Check{Revision: number}, r.Check)
	assert.False(t, r.Merge(msgext.Snapshot{Number: number + 2, After: number, Latest: 6}))
	assert.EqualValues(t, 5, r.State.Latest)
}

func TestCursor_Somewhere(t *testing.T) {
	for _, n := range []uint64{0, 7, 1<<64 - 1} {
		got, ok := state.Somewhere(n).Somewhere()
		assert.True(t, ok)
		assert.Equal(t, n, got)
	}
	for _, c := range []state.Cursor{"", "1400000000/group/3", "somewhere", "somewhere x", "17 a"} {
		_, ok := c.Somewhere()
		assert.False(t, ok, c)
	}
}
