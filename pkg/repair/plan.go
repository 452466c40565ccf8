package repair

import (
	"errors"
	"time"

	"msgext/pkg/state"
)

// Errors of a check.
var (
	// ErrNoAccess means that the message must be read, and that there is no access to do so.
	ErrNoAccess = errors.New("repair: no access to Chat's REST API")
	// ErrGap means that a version is still missing after the read: it is on its way, or it does not
	// exist.
	ErrGap = errors.New("repair: gap that a read did not close")
	// ErrAhead means that webhooks had versions that Chat does not have. They are forged, or another
	// app's.
	ErrAhead = errors.New("repair: versions that Chat does not have")
	// ErrGaveUp means that Chat refuses the read permanently. The message is not checked again until
	// its next event.
	ErrGaveUp = errors.New("repair: given up")
	// ErrTooSoon means that the read is below an earlier one. It may come from a replica that lags,
	// so the message is read again after the margin.
	ErrTooSoon = errors.New("repair: below an earlier read, looked at again later")
)

// decision is what is to be done about a message, in this order. A field that is zero is left out.
type decision struct {
	foreign bool // another app's message: nothing at all
	erase   bool
	read    bool           // read it, and conclude
	owed    *state.Outcome // is saved before the merge: the sinks are to be told
	merge   bool           // take in the read
	tell    telling
	drop    *state.Drop // and read again
	sweep   bool
	save    *state.Outcome

	// exchange looks whether Chat has the one-to-one message with its two accounts exchanged.
	exchange bool

	failed state.Outcome // is saved instead of save if anything before it fails
	result result
	err    error // why the message is not settled
}

// telling is what the sinks are told.
type telling int

const (
	nothing telling = iota
	truth           // what was read
	gone            // that Chat has the message no more
)

// plan decides about a message that is due, before anything is read of it.
func (p policy) plan(head state.Head, now time.Time) decision {
	c := head.Check
	gap := head.Progress.Gap()
	d := decision{failed: p.failed(c, now, now), result: result{Gap: gap, Doubted: c.Doubted != 0}}
	open := gap || c.Doubted != 0 || c.AheadOver != 0 || !c.DroppedAt.IsZero() || c.Gone
	switch {
	case p.app != "" && head.Message.SDKAppID != p.app:
		return decision{foreign: true}
	case p.mayErase(head, now):
		d.erase = true
	case open && !p.access:
		d.save, d.err, d.result.Open = &d.failed, ErrNoAccess, true
	case silent(c) && !open && !p.access:
		return p.stillNothing(d, c, now, now)
	case open, silent(c), p.readAll && p.access:
		d.read = true
	default:
		d.sweep = sweeps(c, now)
		d.save = &state.Outcome{
			Revision: c.Revision, DroppedAt: c.DroppedAt, Started: p.began(now, now), Floor: head.Progress.Contiguous(),
			Due: p.next(c, quietSince(c), now), SinksUpToDate: c.SinksUpToDate,
		}
	}
	return d
}

// failed is the outcome of a check that failed and is to be repeated. The reason for which the
// message was due still holds.
func (p policy) failed(c state.Check, started, now time.Time) state.Outcome {
	return state.Outcome{
		Revision: c.Revision, DroppedAt: c.DroppedAt, Started: p.began(started, now),
		Due: p.look(now.Add(p.backoff(c.Tries+1)), now), Tries: c.Tries + 1,
		SinksUpToDate: c.SinksUpToDate, Gone: c.Gone,
	}
}
