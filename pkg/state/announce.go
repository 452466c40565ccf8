package state

import "time"

// FirstAnnouncedRead is how long after its announcement a message is first due for a check.
const FirstAnnouncedRead = 10 * time.Minute

// Announce notes at a given time that the message exists. Only the first announcement changes
// anything. If nothing of the message itself was heard yet, the message becomes due at the given
// time, unless it is due earlier already.
func (r *Record) Announce(at, due time.Time) {
	at, due = toMillisecond(at), toMillisecond(due)
	c := &r.Check
	if !c.Announced.IsZero() {
		return
	}
	c.Announced = at
	if c.Heard.IsZero() {
		r.create(at)
		c.Revision++
		c.bringForward(due)
	}
}
