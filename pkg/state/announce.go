package state

import "time"

// FirstAnnouncedRead is how long after its announcement a message is first due for a check.
const FirstAnnouncedRead = 10 * time.Minute

// Announce notes at a given time that the message exists. Only the first announcement changes
// anything. While nothing of the message itself was heard, it makes the message due at a given
// time, unless it already is since earlier.
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
