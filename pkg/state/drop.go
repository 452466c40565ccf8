package state

import "time"

// Drop says which versions are forgotten, because Chat does not have them.
type Drop struct {
	Above     int64     // the LatestSeq of a read that was merged: what lies above is forgotten
	DroppedAt time.Time // of the message as loaded, before that read began
	Now       time.Time
	Due       time.Time // when the message is looked at again
}

// Drop forgets what was heard above a version, as msgext.State.Drop does, unless something was
// dropped since the message was loaded, and reports whether it did. The gap that this leaves, the
// message's being due and DroppedAt see to it that a real version that was dropped along is read
// back, and that the sinks hear once more: a forgery that came between load and drop is forgotten
// here, and they still hold it.
//
// DroppedAt becomes Now, or when the newest webhook was heard, or a millisecond after what it was,
// whichever is latest: no two drops may look the same to a check that loaded the message between
// them.
func (r *Record) Drop(d Drop) bool {
	c := &r.Check
	if !c.DroppedAt.Equal(toMillisecond(d.DroppedAt)) {
		return false
	}
	r.State.Drop(d.Above)
	c.Revision++
	c.DroppedAt = later(later(toMillisecond(d.Now), c.Heard), c.DroppedAt.Add(time.Millisecond))
	c.Due, c.Tries = toMillisecond(d.Due), 0
	c.AheadSince, c.AheadOver = time.Time{}, 0
	return true
}
