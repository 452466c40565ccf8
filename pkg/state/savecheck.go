package state

import "time"

// Outcome is what a check found and decided.
type Outcome struct {
	// Revision and DroppedAt are those of the message as loaded, before the read began. If no
	// message was found, Revision is the Number of the read that created it.
	Revision  int64
	DroppedAt time.Time
	// Started is when the check began.
	Started time.Time

	// Floor raises the floor: every version up to it is completely handled. It never lowers the
	// floor. So zero changes no floor, except the one below zero that a drop to version 0 leaves.
	Floor int64
	// Settles is true in two cases: a read that began after the load was merged and every sink got
	// it, or Chat said that the message no longer exists.
	Settles bool
	// Decided is the moment before which that read decides everything that was heard, whatever its
	// version.
	Decided time.Time

	// Read is true when a read was merged. The next three fields belong to it. Latest is its
	// LatestSeq. AheadOver is the greatest version heard of, as loaded, if that is above Latest,
	// otherwise zero. AheadSince belongs to AheadOver, see Check.
	Read       bool
	Latest     int64
	AheadSince time.Time
	AheadOver  int64

	// The rest replaces the fields of the same name in the message's Check.
	Due           time.Time
	Tries         int
	SinksUpToDate bool
	GaveUp        bool
	Gone          bool
}

// SaveCheck writes the outcome of a check. These parts do not depend on what was heard in the
// meantime, so they are written whatever the message's revision:
//
//   - Floor, unless something was dropped since the load.
//   - A doubt is settled, if the outcome Settles and the doubt was raised no later than at the
//     outcome's Revision.
//   - AheadSince and AheadOver (zeros clear them), if the outcome is of a read and nothing was
//     dropped since the load. But a stored AheadOver that is above this read's Latest stays, because
//     it is still true and was found earlier.
//   - DroppedAt is cleared, if the outcome Settles and Decided is later than the drop.
//
// Due, Tries, SinksUpToDate, GaveUp and Gone are written only if the revision is still the one that
// was loaded. Otherwise an event or a doubt has restarted the checks. If the message is due, it
// then moves behind the messages that were waiting when this check began.
func (r *Record) SaveCheck(o Outcome) {
	c := &r.Check
	if c.DroppedAt.Equal(toMillisecond(o.DroppedAt)) {
		r.State.RaiseFloor(o.Floor)
		if o.Read && c.AheadOver <= o.Latest {
			c.AheadSince, c.AheadOver = toMillisecond(o.AheadSince), o.AheadOver
		}
	}
	if o.Settles && c.Doubted <= o.Revision {
		c.Doubted = 0
	}
	if o.Settles && c.DroppedAt.Before(toMillisecond(o.Decided)) {
		c.DroppedAt = time.Time{}
	}
	switch {
	case c.Revision == o.Revision:
		c.Due, c.Tries, c.SinksUpToDate, c.GaveUp, c.Gone = toMillisecond(o.Due), o.Tries, o.SinksUpToDate, o.GaveUp, o.Gone
	case !c.Due.IsZero():
		c.Due = later(c.Due, toMillisecond(o.Started))
	}
}
