package state

import "time"

// Check says when and how a message is looked at again.
type Check struct {
	// Revision rises with every Apply, duplicates included, every Doubt, every Drop and the first
	// Announce. It begins at the Unix milliseconds of the message's creation.
	Revision int64
	// Heard is when the newest webhook about the message's extensions came; zero when none has.
	Heard time.Time
	// Announced is when the message was first announced; zero when it was not.
	Announced time.Time
	// Due is since when the message has been waiting for a check, or the future moment from
	// which it will; zero when nothing is left to check.
	Due time.Time
	// Tries counts the checks since the newest event or doubt that have failed.
	Tries int
	// SinksUpToDate is true when every sink has been given the truth since the newest event or
	// doubt.
	SinksUpToDate bool
	// Doubted is the revision at which the newest doubt was raised; zero when none is pending.
	Doubted int64
	// AheadSince and AheadOver say one thing: what was heard up to version AheadOver was heard no
	// later than AheadSince, and a read that began after that found Chat below it. Zero when no
	// read has.
	AheadSince time.Time
	AheadOver  int64
	// DroppedAt is when something that was heard was last dropped: versions that Chat does not
	// have, or an event that could not be taken in. It stands until a read that decides all that
	// was heard by then has been told; zero when nothing more is owed.
	DroppedAt time.Time
	// GaveUp is true when Chat refused the read for good, until the next event or doubt.
	GaveUp bool
	// Gone is true when Chat said at the newest check that it has the message no more. An event or
	// a doubt leaves it, for it may be a late one: the message is due then, and a read decides.
	Gone bool
}

// Lane is one of the lines in which messages wait for a check. A store keeps it with Due: it is a
// function of Tries, Heard, Announced and Doubted, and Apply and Doubt always leave FirstChecks.
type Lane int

// The lanes, the most urgent first. FirstChecks go before Retries, which still get a share of a
// run. Announced ones are looked at when both are done, and at a quarter of the rate of reads at
// most: a deployment may announce every message there is.
const (
	FirstChecks Lane = iota // heard of or doubted, and not looked at since
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

// Standing says what the checks of a message came to.
type Standing int

// The standings. A gap nobody has looked at is not open yet: it waits in FirstChecks, as any event
// does.
const (
	Settled Standing = iota // nothing is known to be missing, or nobody has looked yet
	Open                    // the newest check failed, or a doubt, versions above Chat's or a drop are unsettled
	Stuck                   // given up
)

// Standing returns what the checks of the message came to. It is a function of GaveUp, Tries,
// Doubted, AheadOver and DroppedAt. A store indexes the messages that are not Settled, in the
// writes of SaveCheck and Drop; whether it brings that index up to date in other writes too is its
// own affair.
func (c Check) Standing() Standing {
	switch {
	case c.GaveUp:
		return Stuck
	case c.Tries > 0 || c.Doubted != 0 || c.AheadOver != 0 || !c.DroppedAt.IsZero():
		return Open
	}
	return Settled
}
