package repair

import (
	"errors"
	"fmt"
	"math"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// finding is what one read of Chat brought, and what was known before it.
type finding struct {
	record  state.Record // as loaded before the read began; zero for a message nobody has heard of
	started time.Time    // when the check began
	purpose purpose

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
	if f.purpose != toCheck || known && !(c.Gone && c.SinksUpToDate) {
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
