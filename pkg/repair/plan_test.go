package repair

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

const (
	grace = 30 * time.Second
	day   = 24 * time.Hour
)

var (
	noon    = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	message = msgext.Message{SDKAppID: "1", GroupID: "g", MsgSeq: 1}
	gaps    = policy{app: "1", grace: grace, access: true}
	all     = policy{app: "1", grace: grace, access: true, readAll: true}
	keeping = policy{app: "1", grace: grace, access: true, retention: 8 * day}
	blind   = policy{app: "1", grace: grace}
)

// at returns the moment for which a Due or an age is meant.
func ago(d time.Duration) time.Time { return noon.Add(-d) }

// summary says in a few words what a decision is, and when the message is looked at again.
func (d decision) summary() string {
	var words []string
	say := func(when bool, word string) {
		if when {
			words = append(words, word)
		}
	}
	say(d.foreign, "leave")
	say(d.erase, "erase")
	say(d.read, "read")
	say(d.exchange, "look exchanged")
	say(d.owed != nil, "owe")
	say(d.merge, "merge")
	say(d.tell == truth, "tell")
	say(d.tell == gone, "tell gone")
	say(d.drop != nil, "drop")
	say(d.sweep, "sweep")
	if o := d.save; o != nil {
		say(o.Floor > 0, fmt.Sprint("floor ", o.Floor))
		say(o.Settles, "settle")
		say(o.AheadOver > 0, fmt.Sprint("ahead over ", o.AheadOver))
		say(o.Tries > 0, fmt.Sprint("try ", o.Tries))
		say(o.GaveUp, "give up")
		say(o.Gone, "gone")
		switch {
		case o.Due.IsZero():
			say(true, "done")
		default:
			say(true, "in "+o.Due.Add(grace).Sub(noon).String())
		}
	}
	for _, err := range []error{ErrNoAccess, ErrGap, ErrAhead, ErrGaveUp, ErrTooSoon} {
		say(errors.Is(d.err, err), "("+strings.TrimPrefix(err.Error(), "repair: ")+")")
	}
	return strings.Join(words, ", ")
}

// The rules of docs/state.md, before a read.
func TestPlan(t *testing.T) {
	whole, holed := msgext.Progress{Latest: 3, Floor: 3}, msgext.Progress{Latest: 3, Floor: 1}
	tests := []struct {
		name     string
		policy   policy
		progress msgext.Progress
		check    state.Check
		want     string
	}{
		{"a complete message", gaps, whole, state.Check{Heard: ago(time.Minute)}, "floor 3, in 167h59m0s"},
		{"with a gap", gaps, holed, state.Check{Heard: ago(time.Minute)}, "read"},
		{"a gap in the middle of what was seen", gaps, msgext.Progress{Latest: 4, Floor: 1, Seen: []int64{3, 4}}, state.Check{Heard: ago(time.Minute)}, "read"},
		{"doubted", gaps, whole, state.Check{Heard: ago(time.Minute), Doubted: 7}, "read"},
		{"ahead of Chat", gaps, whole, state.Check{Heard: ago(time.Minute), AheadOver: 3, AheadSince: ago(time.Minute)}, "read"},
		{"dropped", gaps, whole, state.Check{Heard: ago(time.Minute), DroppedAt: ago(time.Minute)}, "read"},
		{"gone, and heard of since", gaps, whole, state.Check{Heard: ago(time.Minute), Gone: true}, "read"},
		{"announced and nothing heard", gaps, msgext.Progress{}, state.Check{Announced: ago(time.Hour)}, "read"},
		{"announced and heard of", gaps, whole, state.Check{Announced: ago(time.Hour), Heard: ago(time.Minute)}, "floor 3, in 167h59m0s"},
		{"quiet for 7 days", gaps, whole, state.Check{Heard: ago(7 * day)}, "sweep, floor 3, done"},
		{"quiet for 7 days, erased in time", keeping, whole, state.Check{Heard: ago(7 * day)}, "sweep, floor 3, in 24h0m0s"},
		{"neither heard nor announced", gaps, whole, state.Check{Revision: ago(time.Hour).UnixMilli()}, "floor 3, done"},

		{"all: a complete message", all, whole, state.Check{Heard: ago(time.Minute)}, "read"},
		{"all: quiet for 7 days", all, whole, state.Check{Heard: ago(7 * day), SinksUpToDate: true}, "read"},

		{"quiet for the retention time", keeping, whole, state.Check{Heard: ago(8 * day)}, "erase"},
		{"not quite", keeping, whole, state.Check{Heard: ago(8*day - time.Second)}, "sweep, floor 3, in 1s"},
		{"announced later than heard", keeping, whole, state.Check{Heard: ago(9 * day), Announced: ago(time.Hour)}, "sweep, floor 3, in 191h0m0s"},
		{"over, with a gap that was looked at", keeping, holed, state.Check{Heard: ago(8 * day), Tries: 1}, "erase"},
		{"over, with a gap that nobody has looked at", keeping, holed, state.Check{Heard: ago(8 * day)}, "read"},
		{"over, doubted", keeping, whole, state.Check{Heard: ago(8 * day), Doubted: 3, Tries: 9}, "read"},
		{"over, doubted and given up", keeping, whole, state.Check{Heard: ago(8 * day), Doubted: 3, Tries: 24, GaveUp: true}, "erase"},
		{"over, gone", keeping, holed, state.Check{Heard: ago(8 * day), Gone: true}, "erase"},

		{"no access: complete", blind, whole, state.Check{Heard: ago(time.Minute)}, "floor 3, in 167h59m0s"},
		{"no access: a gap", blind, holed, state.Check{Heard: ago(time.Minute), Tries: 2}, "try 3, in 2m0s, (no access to Chat's REST API)"},
		{"no access: doubted", blind, whole, state.Check{Heard: ago(time.Minute), Doubted: 7}, "try 1, in 30s, (no access to Chat's REST API)"},
		{"no access: only announced", blind, msgext.Progress{}, state.Check{Announced: ago(time.Hour)}, "in 23h0m0s"},
		{"no access: only announced, long ago", blind, msgext.Progress{}, state.Check{Announced: ago(7 * day)}, "erase"},
		{"another app's", policy{app: "2", grace: grace, retention: 8 * day, access: true}, holed, state.Check{Heard: ago(9 * day)}, "leave"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			head := state.Head{Message: message, Progress: test.progress, Check: test.check}
			assert.Equal(t, test.want, test.policy.plan(head, noon).summary())
		})
	}
}

// known is a message of which version 1, alice, and 2, bob, were heard and seen, and version 1 was
// read long ago.
func known(change func(*state.Record)) state.Record {
	r := state.Record{Check: state.Check{Revision: 5, Heard: ago(time.Minute), SinksUpToDate: true}}
	r.State.Merge(msgext.Snapshot{Number: ago(time.Hour).UnixMilli(), Latest: 1, KeyValues: []msgext.KeyValue{{Key: "alice", Seq: 1}}})
	r.State.RaiseFloor(1)
	r.State.Apply(msgext.Event{Message: message, Operation: msgext.Set, Seq: 2, KeyValues: []msgext.KeyValue{{Key: "bob", Seq: 2}}})
	r.State.MarkSeen(2)
	if change != nil {
		change(&r)
	}
	return r
}

func (f finding) numbered() finding {
	f.read.After = f.record.State.ReadNumber()
	f.read.Number = max(f.read.After+1, f.began.UnixMilli())
	return f
}

func listed(latest int64) msgext.Snapshot {
	s := msgext.Snapshot{Latest: latest, KeyValues: []msgext.KeyValue{{Key: "alice", Seq: 1}}}
	if latest >= 2 {
		s.KeyValues = append(s.KeyValues, msgext.KeyValue{Key: "bob", Seq: 2})
	}
	return s
}

// onlyAnnounced is a message that was announced some time ago, and nothing else.
func onlyAnnounced(age time.Duration) state.Record {
	return state.Record{Check: state.Check{Revision: 5, Announced: ago(age)}}
}

// The rules of docs/state.md, after a read that began a second ago.
func TestConclude(t *testing.T) {
	code := func(code int) error { return &chatapi.Error{Code: code, Status: 200} }
	forged := func(r *state.Record) {
		r.State.Apply(msgext.Event{Message: message, Operation: msgext.Set, Seq: 9, KeyValues: []msgext.KeyValue{{Key: "eve", Seq: 9}}})
	}
	deleted := func(r *state.Record) {
		r.State.Apply(msgext.Event{Message: message, Operation: msgext.Delete, Seq: 3, KeyValues: []msgext.KeyValue{{Key: "bob", Seq: 3}}})
	}
	with := func(changes ...func(*state.Record)) state.Record {
		return known(func(r *state.Record) {
			for _, change := range changes {
				change(r)
			}
		})
	}
	rewritten := msgext.Snapshot{Latest: 2, KeyValues: []msgext.KeyValue{{Key: "alice", Seq: 1}, {Key: "bob", Value: "2", Seq: 2}}}
	check := func(change func(*state.Check)) func(*state.Record) { return func(r *state.Record) { change(&r.Check) } }
	tests := []struct {
		name   string
		policy policy
		record state.Record
		read   msgext.Snapshot
		err    error
		want   string
	}{
		{"nothing new", gaps, known(nil), listed(2), nil, "merge, floor 2, settle, in 167h59m0s"},
		{"a version nobody had heard of", gaps, known(nil), msgext.Snapshot{Latest: 3}, nil, "merge, tell, floor 3, settle, in 167h59m0s"},
		{"a version some sink has missed", gaps, with(func(r *state.Record) {
			r.State.Apply(msgext.Event{Message: message, Operation: msgext.Delete, Seq: 3, KeyValues: []msgext.KeyValue{{Key: "bob", Seq: 3}}})
		}),
			msgext.Snapshot{Latest: 3, KeyValues: []msgext.KeyValue{{Key: "alice", Seq: 1}}}, nil, "merge, tell, floor 3, settle, in 167h59m0s"},
		{"doubted", gaps, with(check(func(c *state.Check) { c.Doubted = 5 })), listed(2), nil, "merge, tell, floor 2, settle, in 167h59m0s"},
		{"doubted a moment ago", gaps, with(check(func(c *state.Check) { c.Doubted, c.DroppedAt = 5, ago(30*time.Second) })), listed(2), nil, "merge, tell, floor 2, in 31s"},
		{"doubted a minute ago", gaps, with(check(func(c *state.Check) { c.Doubted, c.DroppedAt = 5, ago(62*time.Second) })), listed(2), nil, "merge, tell, floor 2, settle, in 167h59m0s"},
		{"all: a minute old", all, known(nil), listed(2), nil, "merge, floor 2, settle, in 9m0s"},
		{"all: not told since the newest event", all, with(check(func(c *state.Check) { c.SinksUpToDate = false })), listed(2), nil, "merge, tell, floor 2, settle, in 9m0s"},
		{"all: another value under a version that everybody was told", all, known(nil), rewritten, nil, "owe, merge, tell, floor 2, settle, in 9m0s"},
		{"all: the same, not told since the newest event", all, with(check(func(c *state.Check) { c.SinksUpToDate = false })), rewritten, nil, "merge, tell, floor 2, settle, in 9m0s"},
		{"all: a version nobody had heard of", all, known(nil), msgext.Snapshot{Latest: 3}, nil, "merge, tell, floor 3, settle, in 9m0s"},
		{"all: 10 minutes old", all, with(check(func(c *state.Check) { c.Heard = ago(10 * time.Minute) })), listed(2), nil, "merge, floor 2, settle, in 50m0s"},
		{"all: an hour old", all, with(check(func(c *state.Check) { c.Heard = ago(time.Hour) })), listed(2), nil, "merge, floor 2, settle, in 23h0m0s"},
		{"all: a day old", all, with(check(func(c *state.Check) { c.Heard = ago(day) })), listed(2), nil, "merge, floor 2, settle, in 144h0m0s"},
		{"all: 7 days old", all, with(check(func(c *state.Check) { c.Heard = ago(7 * day) })), listed(2), nil, "merge, tell, sweep, floor 2, settle, done"},
		{"announced: nothing there", gaps, onlyAnnounced(time.Hour), msgext.Snapshot{}, nil, "look exchanged, in 23h0m0s"},
		{"announced: no such message", gaps, onlyAnnounced(time.Hour), msgext.Snapshot{}, code(10030), "look exchanged, in 23h0m0s"},
		{"announced: refused", gaps, onlyAnnounced(time.Hour), msgext.Snapshot{}, code(10007), "look exchanged, in 23h0m0s"},
		{"announced: refused for the 24th time", gaps, state.Record{Check: state.Check{Revision: 5, Announced: ago(time.Hour), Tries: 23}}, msgext.Snapshot{}, code(10007), "look exchanged, in 23h0m0s"},
		{"announced: a passing failure", gaps, onlyAnnounced(time.Hour), msgext.Snapshot{}, code(10002), "try 1, in 30s"},
		{"announced: nothing at the last read", gaps, onlyAnnounced(7 * day), msgext.Snapshot{}, nil, "erase, look exchanged"},
		{"announced: refused at the last read", gaps, onlyAnnounced(7 * day), msgext.Snapshot{}, code(10007), "erase, look exchanged"},
		{"announced: nothing there, but doubted", gaps, state.Record{Check: state.Check{Revision: 5, Announced: ago(time.Hour), Doubted: 5}}, msgext.Snapshot{}, nil, "merge, tell, settle, in 23h0m0s"},
		{"announced: a version below 1", gaps, onlyAnnounced(time.Hour), msgext.Snapshot{KeyValues: []msgext.KeyValue{{Key: "alice"}}}, nil, "merge, tell, settle, in 23h0m0s"},
		{"announced: gone since something was read", gaps, state.Record{State: known(nil).State, Check: state.Check{Revision: 5, Announced: ago(time.Hour)}}, msgext.Snapshot{}, code(10030), "tell gone, settle, gone, done"},
		{"announced: something there", gaps, state.Record{Check: state.Check{Revision: 5, Announced: ago(10 * time.Minute)}}, listed(2), nil, "merge, tell, floor 2, settle, in 50m0s"},
		{"nobody has heard of it", gaps, state.Record{}, listed(2), nil, "merge, tell, floor 2, settle, done"},
		{"nobody has heard of it, erased in time", keeping, state.Record{}, listed(2), nil, "merge, tell, floor 2, settle, in 191h59m59s"},

		{"ahead of Chat", gaps, with(forged), listed(2), nil, "merge, floor 2, settle, ahead over 9, in 1m0s, (versions that Chat does not have)"},
		{"ahead again, too soon", gaps, with(forged, check(func(c *state.Check) { c.AheadOver, c.AheadSince = 9, ago(61*time.Second) })), listed(2), nil,
			"merge, floor 2, settle, ahead over 9, in 1ms, (versions that Chat does not have)"},
		{"ahead again", gaps, with(forged, check(func(c *state.Check) { c.AheadOver, c.AheadSince = 9, ago(62*time.Second) })), listed(2), nil,
			"merge, tell, drop, (versions that Chat does not have)"},
		{"ahead over another version", gaps, with(forged, check(func(c *state.Check) { c.AheadOver, c.AheadSince = 2, ago(time.Hour) })), listed(2), nil,
			"merge, floor 2, settle, ahead over 9, in 1m0s, (versions that Chat does not have)"},
		{"dropped, not decided", gaps, with(check(func(c *state.Check) { c.DroppedAt = ago(30 * time.Second) })), listed(2), nil, "merge, floor 2, settle, in 31s"},
		{"dropped and decided", gaps, with(check(func(c *state.Check) { c.DroppedAt = ago(62 * time.Second) })), listed(2), nil, "merge, tell, floor 2, settle, in 167h59m0s"},
		{"only a deletion is ahead", gaps, with(deleted), listed(1), nil, "merge, floor 2, settle, ahead over 3, in 1m0s"},
		{"below an earlier read", gaps, with(func(r *state.Record) {
			r.State.Merge(msgext.Snapshot{Number: ago(2 * time.Minute).UnixMilli(), After: r.State.Base.Number, Latest: 4})
			r.State.RaiseFloor(4)
		}), listed(2), nil, "merge, tell, floor 4, settle, ahead over 4, in 1m0s"},
		{"below an earlier read, too soon", gaps, with(func(r *state.Record) {
			r.State.Merge(msgext.Snapshot{Number: ago(time.Minute).UnixMilli(), After: r.State.Base.Number, Latest: 4})
		}), listed(2), nil, "in 1s, (below an earlier read, looked at again later)"},
		{"moving", gaps, known(nil), msgext.Snapshot{Latest: 3, Ahead: 5}, nil, "merge, tell, floor 3, settle, try 1, in 30s, (gap that a read did not close)"},

		{"gone", gaps, known(nil), msgext.Snapshot{}, code(10030), "tell gone, settle, gone, done"},
		{"gone, erased in time", keeping, known(nil), msgext.Snapshot{}, code(20022), "tell gone, settle, gone, in 191h59m0s"},
		{"gone, as was told before", gaps, with(check(func(c *state.Check) { c.Gone = true })), msgext.Snapshot{}, code(10010), "settle, gone, done"},
		{"gone, and something was heard since it was told", gaps, with(check(func(c *state.Check) { c.Gone, c.SinksUpToDate = true, false })), msgext.Snapshot{}, code(10010), "tell gone, settle, gone, done"},
		{"gone while sinks may hold what was dropped", gaps, with(check(func(c *state.Check) { c.DroppedAt = noon })), msgext.Snapshot{}, code(20023), "tell gone, settle, gone, in 1s"},
		{"gone while sinks may hold what was heard by a clock ahead of ours", gaps, with(check(func(c *state.Check) { c.Heard = noon.Add(5 * time.Minute) })), msgext.Snapshot{}, code(20023), "tell gone, settle, gone, in 5m1s"},
		{"there again", gaps, with(check(func(c *state.Check) { c.Gone = true })), listed(2), nil, "merge, tell, floor 2, settle, in 167h59m0s"},
		{"refused", gaps, known(nil), msgext.Snapshot{}, code(10004), "try 1, in 30s"},
		{"refused for the 24th time", gaps, with(check(func(c *state.Check) { c.Tries = 23 })), msgext.Snapshot{}, code(99999), "try 24, give up, done, (given up)"},
		{"not a reply of Chat's, for the 24th time", keeping, with(check(func(c *state.Check) { c.Tries = 23 })), msgext.Snapshot{}, chatapi.ErrReply, "try 24, give up, in 191h59m0s, (given up)"},
		{"every call is refused", gaps, with(check(func(c *state.Check) { c.Tries = 99 })), msgext.Snapshot{}, code(70009), "try 100, in 1h0m0s"},
		{"a passing failure", gaps, with(check(func(c *state.Check) { c.Tries = 99 })), msgext.Snapshot{}, code(10002), "try 100, in 1h0m0s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := finding{record: test.record, started: ago(2 * time.Second), read: test.read, began: ago(time.Second), err: test.err}.numbered()
			assert.Equal(t, test.want, test.policy.conclude(f, noon).summary())
		})
	}
}

// A law of the schedule: no outcome is due again in the run that wrote it, whenever that began.
func TestLaw_AnOutcomeIsNotDueAgainInTheRunThatWroteIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			if rapid.Bool().Draw(t, "none") {
				return time.Time{}
			}
			return ago(time.Duration(rapid.Int64Range(-int64(10*time.Minute), int64(10*day)).Draw(t, "ago"))).Truncate(time.Millisecond)
		})
		version := rapid.Int64Range(0, 5)
		p := policy{grace: grace, readAll: rapid.Bool().Draw(t, "all"), access: rapid.Bool().Draw(t, "access")}
		if rapid.Bool().Draw(t, "erases") {
			p.retention = 8 * day
		}
		record := state.Record{Check: state.Check{
			Revision: rapid.Int64Range(1, 1000).Draw(t, "revision"), Heard: moment.Draw(t, "heard"), Announced: moment.Draw(t, "announced"),
			Tries: rapid.IntRange(0, 30).Draw(t, "tries"), Doubted: version.Draw(t, "doubted"), AheadOver: version.Draw(t, "ahead over"),
			AheadSince: moment.Draw(t, "ahead since"), DroppedAt: moment.Draw(t, "dropped at"),
			Gone: rapid.Bool().Draw(t, "gone"), GaveUp: rapid.Bool().Draw(t, "gave up"), SinksUpToDate: rapid.Bool().Draw(t, "up to date"),
		}}
		record.State.Hear(version.Draw(t, "latest"))
		record.State.RaiseFloor(version.Draw(t, "floor"))
		if rapid.Bool().Draw(t, "read before") {
			record.State.Merge(msgext.Snapshot{Number: moment.Draw(t, "read at").Add(time.Since(time.Time{})).UnixMilli(), Latest: version.Draw(t, "read")})
		}
		f := finding{record: record, started: ago(2 * time.Second), began: ago(time.Second), read: msgext.Snapshot{Latest: version.Draw(t, "reads")}}
		f.err = rapid.SampledFrom([]error{nil, &chatapi.Error{Code: 10030}, &chatapi.Error{Code: 10004}, chatapi.ErrReply}).Draw(t, "error")
		f = f.numbered()

		planned := p.plan(state.Head{Message: message, Progress: record.State.Progress, Check: record.Check}, noon)
		concluded := p.conclude(f, noon)
		for _, d := range []decision{planned, concluded} {
			outcomes := []state.Outcome{d.failed}
			if d.save != nil {
				outcomes = append(outcomes, *d.save)
			}
			if d.drop != nil {
				outcomes = append(outcomes, state.Outcome{Due: d.drop.Due, Started: noon})
			}
			for _, o := range outcomes {
				assert.True(t, o.Due.IsZero() || o.Due.Truncate(time.Millisecond).After(noon.Add(-grace)), "due %s", o.Due)
				assert.True(t, o.Started.After(noon.Add(-grace)), "started %s", o.Started)
			}
		}
	})
}
