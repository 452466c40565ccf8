package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// same requires that two records agree in what is doubted, visible and handled.
func same(t *rapid.T, a, b state.Record) {
	require.Equal(t, a.Check.Doubted != 0, b.Check.Doubted != 0)
	require.Equal(t, a.State.Reply(), b.State.Reply())
	require.Equal(t, a.State.Floor, b.State.Floor)
	require.Equal(t, a.State.Gap(), b.State.Gap())
	require.Equal(t, a.Check.Heard, b.Check.Heard)
}

func TestLaw_ADoubtCommutesWithWhateverIsHeardOrRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		at, source := l.moment(), state.Source(l.random.IntN(2))
		news := l.news()
		a, b := l.record.Clone(), l.record.Clone()
		a.Doubt(at, source)
		news(&a)
		news(&b)
		b.Doubt(at, source)
		require.NotZero(t, a.Check.Doubted)
		same(t, a, b)
		require.Equal(t, a.Check.DroppedAt, b.Check.DroppedAt)
	})
}

// A check that began before the doubt may leave something undone, as after a drop. A later check
// decides it again.
func TestLaw_ADoubtOutlivesWhateverACheckDecidedBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		at, source := l.moment(), state.Source(l.random.IntN(2))
		decided := l.decided()
		if l.random.IntN(2) == 0 { // a check that settles what it loaded
			outcome := l.outcome()
			outcome.Settles = true
			decided = func(r *state.Record) { r.SaveCheck(outcome) }
		}
		a, b := l.record.Clone(), l.record.Clone()
		a.Doubt(at, source)
		decided(&a)
		decided(&b)
		b.Doubt(at, source)
		for _, r := range []state.Record{a, b} {
			require.NotZero(t, r.Check.Doubted)
			require.NotZero(t, r.Check.Due)
		}
		require.Equal(t, a.Check.Heard, b.Check.Heard)
	})
}

// One of Chat's replicas may lag behind the webhook that raised the doubt. So a read that began
// only a little after the doubt does not clear the doubt's time, and the message is read again.
func TestLaw_AfterADoubtOneReadIsOwedThatDecidesWhatWasHeardByThen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		at := l.moment()
		l.record.Doubt(at, state.Source(l.random.IntN(2)))
		require.False(t, l.record.Check.DroppedAt.Before(at))
		outcome := l.outcome()
		outcome.Settles, outcome.Decided = true, at
		l.record.SaveCheck(outcome)
		require.NotZero(t, l.record.Check.DroppedAt)
		outcome.Decided = l.record.Check.DroppedAt.Add(time.Millisecond)
		l.record.SaveCheck(outcome)
		require.Zero(t, l.record.Check.DroppedAt)
	})
}

func TestLaw_ADoubtTwiceIsADoubtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		at, source := l.moment(), state.Source(l.random.IntN(2))
		a := l.record.Clone()
		a.Doubt(at, source)
		b := a.Clone()
		b.Doubt(at, source)
		same(t, a, b)
		b.Check.Revision, b.Check.Doubted = a.Check.Revision, a.Check.Doubted
		require.Equal(t, a.Check, b.Check)
	})
}

func TestLaw_ADoubtChangesNothingVisibleNorHandled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		a := l.record.Clone()
		a.Doubt(l.moment(), state.FromWebhook)
		require.Equal(t, l.record.State, a.State)
		require.True(t, a.Incomplete())
		require.Equal(t, state.FirstChecks, a.Check.Lane())
	})
}

func TestLaw_ADoubtIsSettledByAReadThatBeganAfterItWasToldAndByNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		l.record.Doubt(l.moment(), state.FromWebhook)
		again := false
		var loaded state.Outcome
		for i := range 3 {
			for range l.random.IntN(4) {
				doubted := l.record.Check.Doubted
				l.something()(&l.record)
				again = again || i == 2 && l.record.Check.Doubted != doubted
				require.NotZero(t, l.record.Check.Doubted, "no event, read, drop or failed check settles it")
			}
			if i == 1 {
				loaded = l.outcome()
			}
		}
		loaded.Settles = true
		l.record.SaveCheck(loaded)
		require.Equal(t, again, l.record.Check.Doubted != 0, "settled, whatever else came, unless it was raised anew since the load")
	})
}

func TestLaw_TheRevisionRisesWithWhatACheckMustNotOverlook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		before := l.record.Check
		require.False(t, before.Revision != 0 && before.Revision < start.UnixMilli(), "it begins at the milliseconds of creation")
		l.something()(&l.record)
		after := l.record.Check
		require.GreaterOrEqual(t, after.Revision, before.Revision)
		if after.Heard != before.Heard || after.Doubted != before.Doubted || before.DroppedAt != after.DroppedAt {
			require.Greater(t, after.Revision, before.Revision)
			require.False(t, l.record.MayErase(before.Revision))
		}
		if after.Revision > before.Revision && after.Announced == before.Announced && after.DroppedAt == before.DroppedAt && before.Revision != 0 {
			require.Zero(t, after.Tries)
			require.False(t, after.SinksUpToDate)
			require.False(t, after.GaveUp)
			require.NotZero(t, after.Due)
		}
	})
}

// A message that is created again after an erasure gets other revisions, so that a slow check from
// before the erasure settles nothing in it.
func TestRecord_TheRevisionsOfTwoLivesDiffer(t *testing.T) {
	for name, create := range map[string]func(*state.Record, time.Time){
		"apply": func(r *state.Record, at time.Time) {
			r.Apply(msgext.Event{Operation: msgext.Clear, Seq: 1}, at, state.MarkNow)
		},
		"doubt":    func(r *state.Record, at time.Time) { r.Doubt(at, state.FromOperator) },
		"announce": func(r *state.Record, at time.Time) { r.Announce(at, at) },
		"merge":    func(r *state.Record, at time.Time) { require.True(t, r.Merge(msgext.Snapshot{Number: at.UnixMilli()})) },
	} {
		var first, next state.Record
		create(&first, start)
		create(&next, start.Add(time.Second))
		for range 100 {
			first.Doubt(start, state.FromOperator)
		}
		next.Doubt(start.Add(time.Second), state.FromOperator)
		next.SaveCheck(state.Outcome{Revision: first.Check.Revision, Settles: true, Due: start.Add(time.Hour)})
		assert.NotZero(t, next.Check.Doubted, name)
		assert.NotEqual(t, start.Add(time.Hour), next.Check.Due, name)
	}
}

func TestRecord_OnlyTheFirstAnnouncementCounts(t *testing.T) {
	var r state.Record
	r.Announce(start, start.Add(10*time.Minute))
	r.SaveCheck(state.Outcome{Revision: r.Check.Revision, Due: start.Add(time.Hour)})
	before := r.Check
	r.Announce(start.Add(time.Second), start.Add(10*time.Minute))
	assert.Equal(t, before, r.Check)
	assert.Equal(t, state.Announced, r.Check.Lane())

	r.Apply(msgext.Event{Operation: msgext.Clear, Seq: 1}, start.Add(2*time.Hour), state.MarkNow)
	assert.Equal(t, state.FirstChecks, r.Check.Lane())
	assert.Equal(t, start.Add(time.Hour), r.Check.Due)

	var heard state.Record
	heard.Apply(msgext.Event{Operation: msgext.Clear, Seq: 1}, start.Add(time.Hour), state.MarkNow)
	before = heard.Check
	heard.Announce(start, start.Add(10*time.Minute))
	before.Announced = start
	assert.Equal(t, before, heard.Check, "nothing of it has to be waited for")
}

func TestRecord_IsKeptToTheMillisecond(t *testing.T) {
	fine := start.In(time.FixedZone("", 3600)).Add(999 * time.Microsecond)
	var r state.Record
	r.Announce(fine, fine)
	r.Apply(msgext.Event{Operation: msgext.Clear, Seq: 1}, fine, state.MarkNow)
	r.SaveCheck(state.Outcome{Revision: r.Check.Revision, Read: true, AheadOver: 1, AheadSince: fine, Due: fine})
	assert.Equal(t, state.Check{Revision: r.Check.Revision, Heard: start, Announced: start, Due: start, AheadOver: 1, AheadSince: start}, r.Check)
	assert.True(t, r.Drop(state.Drop{Now: fine.Add(time.Minute), Due: fine}))
	assert.Equal(t, start.Add(time.Minute), r.Check.DroppedAt)
	r.SaveCheck(state.Outcome{DroppedAt: fine.Add(time.Minute), Settles: true, Decided: fine.Add(time.Minute)})
	assert.Equal(t, start.Add(time.Minute), r.Check.DroppedAt)
}
