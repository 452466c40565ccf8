package state_test

import (
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/state"
)

var (
	poll  = msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1", MsgSeq: 10}
	start = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
)

// life is the history of a message: what Chat has, and what our record has.
type life struct {
	random *rand.Rand
	events []msgext.Event
	record state.Record
}

// born returns a life with a few events and reads behind it.
func born(t *rapid.T) *life {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	l := &life{random: random, events: msgexttest.History(random, poll, 20)}
	l.record.Apply(l.event(), l.moment(), state.MarkNow)
	for range random.IntN(12) {
		l.something()(&l.record)
	}
	return l
}

func (l *life) moment() time.Time {
	return start.Add(time.Duration(l.random.IntN(100_000)) * time.Millisecond)
}

func (l *life) event() msgext.Event { return l.events[l.random.IntN(len(l.events))] }

// read returns a read of any moment of the history, which began now.
func (l *life) read() msgext.Snapshot {
	read := msgexttest.Truth(l.events[:l.random.IntN(len(l.events)+1)])
	if l.random.IntN(3) == 0 {
		read = msgexttest.Fallen(read)
	}
	read.After = l.record.State.ReadNumber()
	read.Number = max(read.After+1, l.moment().UnixMilli())
	return read
}

// outcome returns a possible outcome of a check that loaded the message as it is now.
func (l *life) outcome() state.Outcome {
	c, yes := l.record.Check, func() bool { return l.random.IntN(2) == 0 }
	return state.Outcome{
		Revision: c.Revision, DroppedAt: c.DroppedAt, Started: l.moment(), Floor: l.random.Int64N(20), Settles: yes(), Decided: l.moment(),
		Read: yes(), Latest: l.random.Int64N(20), AheadOver: l.random.Int64N(25), AheadSince: l.moment(),
		Due: l.moment(), Tries: l.random.IntN(3), SinksUpToDate: yes(), GaveUp: yes(), Gone: yes(),
	}
}

// something does anything that can happen to a message, except a check whose outcome settles.
func (l *life) something() func(*state.Record) {
	if l.random.IntN(9) < 2 {
		return l.decided()
	}
	return l.news()
}

// decided returns what a check does that loaded the message as it is now.
func (l *life) decided() func(*state.Record) {
	outcome := l.outcome()
	outcome.Settles = false
	drop := state.Drop{Above: l.random.Int64N(20), DroppedAt: l.record.Check.DroppedAt, Now: l.moment(), Due: l.moment()}
	return []func(*state.Record){
		func(r *state.Record) { r.SaveCheck(outcome) },
		func(r *state.Record) { r.Drop(drop) },
	}[l.random.IntN(2)]
}

// news does anything else that can happen to the message.
func (l *life) news() func(*state.Record) {
	at, other, source := l.moment(), l.moment(), state.Source(l.random.IntN(2))
	event, read, revision := l.event(), l.read(), l.record.Check.Revision
	return []func(*state.Record){
		func(r *state.Record) { r.Apply(event, at, state.MarkNow) },
		func(r *state.Record) { r.Apply(event, at, state.MarkLater) },
		func(r *state.Record) { r.MarkSeen(event.Version()) },
		func(r *state.Record) { r.Doubt(at, source) },
		func(r *state.Record) { r.Announce(at, other) },
		func(r *state.Record) { r.Merge(read) },
		func(r *state.Record) { r.Sweep(revision) },
	}[l.random.IntN(7)]
}
