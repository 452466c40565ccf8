package repair

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// finding is what one read of Chat brought, and what was known before it.
type finding struct {
	record  state.Record // as loaded before the read began; zero for a message nobody has heard of
	started time.Time    // when the check began
	asked   asked        // by an operator

	read  msgext.Snapshot // numbered
	began time.Time
	err   error // of the read; then read is empty
}

// conclude decides about a message by what a read of Chat brought.
func (p policy) conclude(f finding, now time.Time) decision {
	c := f.record.Check
	d := decision{result: result{Read: true}}
	d.failed = p.failed(c, f.started, now)
	switch {
	case f.absent():
		return p.concludeNothing(d, f, now)
	case errors.Is(f.err, chatapi.ErrGone):
		return p.concludeGone(d, f, now)
	case f.err != nil:
		d.result.Read, d.result.Open = false, true
		d.err = fmt.Errorf("read from Chat: %w", f.err)
		d.save = &d.failed
		if refused(f.err) && d.failed.Tries >= maxRefusals {
			d.failed.GaveUp, d.failed.Due = true, p.end(quietSince(c), now)
			d.result.GaveUp, d.err = true, errors.Join(ErrGaveUp, d.err)
		}
		return d
	case p.tooSoon(f):
		d.save, d.err = new(state.Outcome), ErrTooSoon
		*d.save = d.failed
		d.save.Due, d.save.Tries = p.look(state.Moment(f.record.State.Base.Number).Add(p.margin()+dateSlack), now), c.Tries
		return d
	}
	return p.concludeRead(d, f, now)
}

// refused reports whether the read would fail again in the same way, no matter who repeats it.
func refused(err error) bool {
	return errors.Is(err, chatapi.ErrRefused) || errors.Is(err, chatapi.ErrNoProgress) || errors.Is(err, chatapi.ErrReply)
}

// tooSoon reports whether a read must not be believed yet because it lies below the one that
// stands. It may come from a replica of Chat's that lags behind.
func (p policy) tooSoon(f finding) bool {
	base := f.record.State.Base
	return base != nil && f.read.Latest < base.Latest && !f.began.After(state.Moment(base.Number).Add(p.margin()))
}

// concludeGone decides about a message that Chat has no more. That is final until something is
// heard of it.
func (p policy) concludeGone(d decision, f finding, now time.Time) decision {
	c := f.record.Check
	d.result.Gone = true
	known := !c.Heard.IsZero() || f.record.State.Base != nil || c.Doubted != 0
	if f.asked != byNobody || known && !(c.Gone && c.SinksUpToDate) {
		d.tell, d.failed.SinksUpToDate = gone, false
	}
	d.save = &state.Outcome{
		Revision: c.Revision, DroppedAt: c.DroppedAt, Started: p.began(f.started, now),
		Settles: true, Decided: f.began,
		Read: true, Latest: math.MaxInt64, // a message that is not there lacks no version
		Due: p.end(quietSince(c), now), SinksUpToDate: true, Gone: true,
	}
	// Sinks may hold what this read does not decide: a receiver's clock may be ahead of ours.
	if until := later(c.DroppedAt, c.Heard); !until.IsZero() && !until.Before(f.began) {
		d.save.Due, d.save.SinksUpToDate = p.look(until.Add(dateSlack), now), false
	}
	return d
}

// concludeRead decides about a message that was read.
func (p policy) concludeRead(d decision, f finding, now time.Time) decision {
	c, read := f.record.Check, f.read
	after := f.record.State.Clone()
	after.Merge(read)
	m := p.measure(f)
	decided := f.began.Add(-p.margin())
	settled := !c.DroppedAt.IsZero() && c.DroppedAt.Before(decided)
	early := c.Doubted != 0 && !c.DroppedAt.Before(decided) // a lagging replica of Chat's may lack what was doubted

	d.merge = true
	d.result.Fell, d.result.Open = m.fell, m.forged
	changed := !slices.Equal(f.record.State.Visible(), after.Visible())
	owed := f.record.State.Contiguous() < read.Latest
	untold := p.readAll && !c.SinksUpToDate && !c.Heard.IsZero()
	untold = untold || p.readAll && sweeps(c, now) // if the store alone failed, sinks may have taken what it never heard of
	d.result.Healed = changed || owed
	if f.asked != byNobody || changed || owed || untold || c.Doubted != 0 || c.Gone || m.drop || settled {
		d.tell, d.result.Repaired = truth, true
		d.failed.SinksUpToDate = false // once it is merged, no later read sees what changed
	}
	if p.readAll && changed && !owed && !m.drop && c.SinksUpToDate {
		untold := d.failed // should the process end before the outcome is saved, only this tells of it
		d.owed = &untold
	}

	save := state.Outcome{
		Revision: c.Revision, DroppedAt: c.DroppedAt, Started: p.began(f.started, now),
		Settles: !early, Decided: decided, Read: true, Latest: m.top,
		SinksUpToDate: d.tell == truth || c.SinksUpToDate,
	}
	if save.Revision == 0 {
		save.Revision = read.Number // the read creates the message
	}
	if m.ahead {
		save.AheadOver, save.AheadSince = f.record.State.Latest, later(f.began, c.Heard)
	}
	if m.forged {
		d.err = ErrAhead
	}
	d.failed.Revision = save.Revision
	d.failed.Read, d.failed.Latest, d.failed.AheadOver, d.failed.AheadSince = true, save.Latest, save.AheadOver, save.AheadSince
	if m.drop {
		d.result.Dropped, d.result.Open = m.forged, false // the read that follows says what is open
		d.drop = &state.Drop{Above: read.Latest, DroppedAt: c.DroppedAt, Now: now, Due: p.look(now, now)}
		return d
	}

	progress := after.Progress
	progress.RaiseFloor(read.Latest)
	save.Floor = progress.Contiguous()
	d.save = &save
	switch again := p.again(c, m, save, settled); {
	case !again.IsZero():
		save.Due = p.look(again, now)
	case progress.Gap():
		save.Tries = c.Tries + 1
		save.Due = p.look(now.Add(p.backoff(save.Tries)), now)
		d.result.Open, d.err = true, ErrGap
	default:
		quiet := quietSince(c)
		if c.Heard.IsZero() && c.Announced.IsZero() {
			quiet = later(quiet, state.Moment(read.Number))
		}
		save.Due = p.next(c, quiet, now)
		d.sweep = sweeps(c, now)
	}
	return d
}

// measured is a read compared with what was heard.
type measured struct {
	top    int64 // the greatest version that the read knows of
	ahead  bool  // webhooks or earlier reads spoke of versions above that
	fell   bool  // because Chat's LatestSeq has fallen: its newest key was deleted
	forged bool  // and not only because of that
	drop   bool  // an earlier read found the same, so they are to be dropped
}

func (p policy) measure(f finding) measured {
	s, c := f.record.State, f.record.Check
	m := measured{top: max(f.read.Latest, f.read.Ahead)}
	m.ahead = s.Latest > m.top
	known := m.top // what Chat has or had
	if s.Base != nil {
		known = max(known, s.Base.Latest)
	}
	m.forged = s.Latest > known && !onlyDeleted(s, known)
	m.fell = m.top < known || m.ahead && !m.forged
	m.drop = c.AheadOver > m.top && f.began.Add(-p.margin()).After(c.AheadSince)
	return m
}

// onlyDeleted reports whether all that was heard above a version are deletions. Where Chat's
// LatestSeq is that of its greatest key, deleting that key lowers it.
func onlyDeleted(s msgext.State, version int64) bool {
	found := false
	for _, entry := range s.Entries {
		if entry.Seq > version {
			if !entry.Deleted {
				return false
			}
			found = true
		}
	}
	return found && s.Clear <= version
}

// again returns when a message must be read once more because a read cannot decide yet. It returns
// zero if no such read is needed.
func (p policy) again(c state.Check, m measured, save state.Outcome, settled bool) time.Time {
	var at time.Time
	wait := func(since time.Time) {
		if until := since.Add(p.margin() + dateSlack); at.IsZero() || until.Before(at) {
			at = until
		}
	}
	switch {
	case c.AheadOver > m.top: // the older fact stands
		wait(c.AheadSince)
	case m.ahead:
		wait(save.AheadSince)
	}
	if !c.DroppedAt.IsZero() && !settled {
		wait(c.DroppedAt)
	}
	return at
}
