package state

import (
	"time"

	"msgext/pkg/msgext"
)

// Record is all that is kept of one message. Its methods define what the methods of Store must do.
// They are pure, and keep times to the millisecond. The zero value is an unknown message. Every
// known message has a revision.
type Record struct {
	State msgext.State
	Check Check
}

// Head is the part of a record that decides what is to be done about a message. Its size does not
// depend on how many keys the message has.
type Head struct {
	Message  msgext.Message
	Progress msgext.Progress
	Check    Check
}

// Incomplete reports whether something about the message is known to be missing or in doubt: a
// version, an event that could not be taken in, or versions that webhooks announced and Chat may
// not have. If it is false, State.Visible is the truth as of State.Latest.
func (r Record) Incomplete() bool {
	return r.State.Gap() || r.Check.Doubted != 0 || r.Check.AheadOver != 0
}

// Clone returns a copy that shares nothing mutable with r.
func (r Record) Clone() Record { return Record{State: r.State.Clone(), Check: r.Check} }

// touch notes that something was heard at a moment. The revision of a new message begins at the
// millisecond of its creation. So a slow check from before an erasure never finds its own revision
// in a message that was created again after it.
func (r *Record) touch(at time.Time) {
	r.create(at)
	c := &r.Check
	c.Revision++
	c.Tries, c.SinksUpToDate, c.GaveUp = 0, false, false
	c.bringForward(at)
}

func (r *Record) create(at time.Time) {
	if r.Check.Revision == 0 {
		r.Check.Revision = Milliseconds(at)
	}
}

// bringForward makes a message due at a moment, unless it is due earlier already.
func (c *Check) bringForward(at time.Time) {
	if c.Due.IsZero() || at.Before(c.Due) {
		c.Due = at
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
