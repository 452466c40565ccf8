package state

import (
	"time"

	"msgext/pkg/msgext"
)

// Mark says whether Apply marks the event's version as seen.
type Mark bool

// MarkLater is for a caller that has sinks to wait for and calls MarkSeen then; MarkNow for one to
// whom nothing but the store is configured.
const (
	MarkLater Mark = false
	MarkNow   Mark = true
)

// Apply takes in an event heard at a given time: its key-values, clear and latest version. It makes
// the message due for a check from that time on, unless it already is since earlier, and starts its
// checks over.
func (r *Record) Apply(event msgext.Event, heard time.Time, mark Mark) {
	heard = toMillisecond(heard)
	r.touch(heard)
	r.Check.Heard = later(r.Check.Heard, heard)
	r.State.Apply(event)
	if mark == MarkNow {
		r.State.MarkSeen(event.Version())
	}
}

// MarkSeen notes that a version was accepted by everything configured. Of an unknown message, one
// that was erased meanwhile, it does nothing.
func (r *Record) MarkSeen(version int64) {
	if r.Check.Revision != 0 {
		r.State.MarkSeen(version)
	}
}
