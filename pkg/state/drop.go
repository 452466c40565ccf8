package state

import "time"

// Drop says which versions are removed because Chat does not have them.
type Drop struct {
	Above     int64     // the LatestSeq of a merged read: versions above it are removed
	DroppedAt time.Time // the message's, as loaded before that read began
	Now       time.Time
	Due       time.Time // when the message is checked again
}

// Drop removes what was heard above a version, as msgext.State.Drop does, and reports whether it
// did. It does nothing if something was dropped since the message was loaded. A real version may be
// dropped along with the forged ones. The gap that Drop leaves, the new Due and DroppedAt make sure
// that such a version is read back. They also make sure that the sinks get the truth once more: a
// forgery that arrived between load and drop is removed here, but the sinks still hold it.
//
// DroppedAt becomes the latest of three times: Now, the time of the newest webhook, and a
// millisecond after its old value. So every drop changes it, and a check that loaded the message
// between two drops can tell them apart.
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
