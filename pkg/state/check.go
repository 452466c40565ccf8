package state

import "time"

// Check says when a message is checked again, and what earlier checks found.
type Check struct {
	// Revision rises with every Apply (duplicates included), every Doubt, every Drop and the first
	// Announce. It begins at the Unix milliseconds of the message's creation.
	Revision int64
	// Heard is when the newest webhook about the message's extensions came; zero when none has.
	Heard time.Time
	// Announced is when the message was first announced; zero when it was not.
	Announced time.Time
	// Due is the time since which the message has been waiting for a check, or a future time from
	// which it will wait. It is zero when nothing is left to check.
	Due time.Time
	// Tries counts the checks since the newest event or doubt that have failed.
	Tries int
	// SinksUpToDate is true when every sink has been given the truth since the newest event or
	// doubt.
	SinksUpToDate bool
	// Doubted is the revision at which the newest doubt was raised; zero when none is pending.
	Doubted int64
	// AheadSince and AheadOver record that webhooks announced versions that Chat did not have.
	// Everything heard up to version AheadOver was heard no later than AheadSince, and a read that
	// began after that found a lower version in Chat. Both are zero when no read has found this.
	AheadSince time.Time
	AheadOver  int64
	// DroppedAt is when something that was heard was last dropped: versions that Chat does not
	// have, or an event that could not be taken in. It is cleared after a read that decides
	// everything heard by then was delivered to every sink. It is zero when no such read is needed.
	DroppedAt time.Time
	// GaveUp is true when Chat refused the read permanently. The next event or doubt clears it.
	GaveUp bool
	// Gone is true when Chat said at the newest check that the message no longer exists. An event
	// or a doubt does not clear it, because the event may be a late one. It makes the message due,
	// and the next read decides.
	Gone bool
}

// IsDue reports whether the message has been waiting for a check since a given time or earlier.
func (c Check) IsDue(at time.Time) bool { return !c.Due.IsZero() && !c.Due.After(at) }

// Lane is one of the queues in which messages wait for a check. A store keeps it together with Due.
// It is a function of Tries, Heard, Announced and Doubted. Apply and Doubt always put the message
// into FirstChecks.
type Lane int

// The lanes, the most urgent first. FirstChecks go before Retries, which still get a share of a
// run. Announced messages are checked after both, and get at most a quarter of the rate of reads,
// because a deployment may announce every message there is.
const (
	FirstChecks Lane = iota // heard of or doubted, and not checked since
	Retries                 // checked since, and the check failed
	Announced               // announced, and nothing heard or doubted
)

// Lane returns the lane in which the message waits when it is due.
func (c Check) Lane() Lane {
	switch {
	case !c.Announced.IsZero() && c.Heard.IsZero() && c.Doubted == 0:
		return Announced
	case c.Tries > 0:
		return Retries
	}
	return FirstChecks
}

// Standing is the result of a message's checks.
type Standing int

// The standings. A gap that no check has looked at yet does not count as Open. Its message waits in
// FirstChecks, like every event's.
const (
	Settled Standing = iota // nothing is known to be missing, or no check was made yet
	Open                    // the newest check failed, or a doubt, a version above Chat's or a drop is unsettled
	Stuck                   // given up
)

// Standing returns the result of the message's checks. It is a function of GaveUp, Tries, Doubted,
// AheadOver and DroppedAt. A store indexes the messages that are not Settled, and updates that
// index in SaveCheck and Drop. Whether other writes update it too is the store's choice.
func (c Check) Standing() Standing {
	switch {
	case c.GaveUp:
		return Stuck
	case c.Tries > 0 || c.Doubted != 0 || c.AheadOver != 0 || !c.DroppedAt.IsZero():
		return Open
	}
	return Settled
}
