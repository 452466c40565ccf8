package repair

import (
	"slices"
	"time"

	"msgext/pkg/state"
)

// concludeRead decides about a message that was read.
func (p policy) concludeRead(d decision, f finding, now time.Time) decision {
	c, fact := f.record.Check, p.facts(f)
	d.merge = true
	d.result.Healed, d.result.Fell, d.result.Open = fact.changed || fact.gap, fact.fell, fact.forged
	if fact.forged {
		d.err = ErrAhead
	}
	if p.mustTell(f, fact, now) {
		d.tell, d.result.Repaired = truth, true
		d.failed.SinksUpToDate = false // once it is merged, no later read sees what changed
	}
	// The process may end between the merge and the outcome. A gap, or a drop that is still to be
	// made, then has the next check tell the sinks. Where there is neither, this note does.
	if p.readAll && fact.changed && !fact.gap && !fact.drop && c.SinksUpToDate {
		note := d.failed
		d.owed = &note
	}

	save := p.readOutcome(f, fact, now)
	save.SinksUpToDate = d.tell == truth || c.SinksUpToDate
	d.failed.Revision, d.failed.Read, d.failed.Latest = save.Revision, save.Read, save.Latest
	d.failed.AheadOver, d.failed.AheadSince = save.AheadOver, save.AheadSince
	if fact.drop {
		d.result.Dropped, d.result.Open = fact.forged, false // the read that follows says what is open
		d.drop = &state.Drop{Above: f.read.Latest, DroppedAt: c.DroppedAt, Now: now, Due: p.look(now, now)}
		return d
	}
	d.save = &save
	return p.scheduleNext(d, f, fact, now)
}

// mustTell reports whether the sinks are told what was read.
func (p policy) mustTell(f finding, fact facts, now time.Time) bool {
	c := f.record.Check
	switch {
	case f.purpose != toCheck, fact.changed, fact.gap:
		return true
	case c.Doubted != 0, c.Gone, fact.drop, fact.settlesDrop: // sinks may hold what is not so
		return true
	case !p.readAll:
		return false
	}
	untold := !c.SinksUpToDate && !c.Heard.IsZero()
	return untold || sweeps(c, now) // if the store alone failed, sinks have what it never heard of
}

// readOutcome returns what is written of a message that was read, but for when it is due.
func (p policy) readOutcome(f finding, fact facts, now time.Time) state.Outcome {
	c := f.record.Check
	outcome := state.Outcome{
		Revision: c.Revision, DroppedAt: c.DroppedAt, Started: p.began(f.started, now),
		Settles: !fact.doubtStays, Decided: fact.decided, Read: true, Latest: fact.top,
	}
	if outcome.Revision == 0 {
		outcome.Revision = f.read.Number // the read creates the message
	}
	if fact.ahead {
		outcome.AheadOver, outcome.AheadSince = f.record.State.Latest, fact.aheadSince
	}
	return outcome
}

// scheduleNext decides when a message that was read is looked at again: to decide about what is
// ahead of Chat or was dropped, to close a gap, or as one with which nothing is wrong.
func (p policy) scheduleNext(d decision, f finding, fact facts, now time.Time) decision {
	c := f.record.Check
	progress := fact.after.Progress
	progress.RaiseFloor(f.read.Latest)
	d.save.Floor = progress.Contiguous()
	if again, undecided := p.undecided(c, fact); undecided {
		d.save.Due = p.look(again, now)
		return d
	}
	if progress.Gap() {
		d.save.Tries = c.Tries + 1
		d.save.Due = p.look(now.Add(p.backoff(d.save.Tries)), now)
		d.result.Open, d.err = true, ErrGap
		return d
	}
	quiet := quietSince(c)
	if c.Heard.IsZero() && c.Announced.IsZero() {
		quiet = later(quiet, state.Moment(f.read.Number))
	}
	d.save.Due = p.next(c, quiet, now)
	d.sweep = sweeps(c, now)
	return d
}

// undecided reports whether a read leaves something that only a later one can decide, and returns
// when that one is to begin.
func (p policy) undecided(c state.Check, fact facts) (again time.Time, is bool) {
	var since []time.Time
	switch {
	case c.AheadOver > fact.top: // the older note stands
		since = append(since, c.AheadSince)
	case fact.ahead:
		since = append(since, fact.aheadSince)
	}
	if !c.DroppedAt.IsZero() && !fact.settlesDrop {
		since = append(since, c.DroppedAt)
	}
	if len(since) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(since, time.Time.Compare).Add(p.margin() + dateSlack), true
}
