package state

import "time"

// Outcome is what a check found and decided.
type Outcome struct {
	// Revision and DroppedAt are those of the message as loaded, before the read began. Where no
	// message was found, Revision is the Number of the read that created it.
	Revision  int64
	DroppedAt time.Time
	// Started is when the check began.
	Started time.Time

	// Floor raises the floor: every version up to it is completely handled. It never lowers it, so
	// zero leaves every floor but the one below zero that a drop to nothing leaves.
	Floor int64
	// Settles is true when a read that began after the load was merged and every sink was told, or
	// when Chat said that it has the message no more.
	Settles bool
	// Decided is the moment before which all that was heard is decided by that read, whatever its
	// version.
	Decided time.Time

	// Read is true when a read was merged; the next three are of it. Latest is its LatestSeq.
	// AheadOver is the greatest version heard of as loaded, if that is above Latest, else zero;
	// AheadSince goes with it, see Check.
	Read       bool
	Latest     int64
	AheadSince time.Time
	AheadOver  int64

	// The rest replaces what the message's Check says.
	Due           time.Time
	Tries         int
	SinksUpToDate bool
	GaveUp        bool
	Gone          bool
}

// SaveCheck writes the outcome of a check. What does not depend on what was heard meanwhile is
// written whatever the message's revision:
//
//   - Floor, unless something was dropped since the load;
//   - that a doubt is settled, if the outcome Settles and the doubt was raised no later than at its revision;
//   - AheadSince and AheadOver (zeros clear them), if the outcome is of a read and nothing was dropped
//     since the load; but an AheadOver that stands above this read's Latest stays, because an older fact that
//     is still true is worth more than a newer one;
//   - that nothing more is owed after a drop, if the outcome Settles and Decided is later than the drop.
//
// Due, Tries, SinksUpToDate, GaveUp and Gone are written only if the revision is still the one
// loaded. Otherwise an event or a doubt has started the checks over, and a message that is due
// moves behind those that waited when this check began.
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
