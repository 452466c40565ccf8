package state

import (
	"time"

	"msgext/pkg/msgext"
)

// Mark says whether Apply marks the event's version as seen.
type Mark bool

// MarkLater is for a caller that has sinks to wait for and calls MarkSeen after them. MarkNow is
// for a caller that delivers to nothing but the store.
const (
	MarkLater Mark = false
	MarkNow   Mark = true
)

// Apply takes in an event heard at a given time: its key-values, clear and latest version. It makes
// the message due for a check from that time on, unless it is due earlier already, and restarts its
// checks.
func (r *Record) Apply(event msgext.Event, heard time.Time, mark Mark) {
	heard = toMillisecond(heard)
	r.touch(heard)
	r.Check.Heard = later(r.Check.Heard, heard)
	r.State.Apply(event)
	if mark == MarkNow {
		r.State.MarkSeen(event.Version())
	}
}

// MarkSeen notes that a version was accepted by everything configured. It does nothing for an
// unknown message, such as one that was erased in the meantime.
func (r *Record) MarkSeen(version int64) {
	if r.Check.Revision != 0 {
		r.State.MarkSeen(version)
	}
}
