package repair

import (
	"time"

	"msgext/pkg/state"
)

const (
	// maxBackoff is the longest time between two checks of a message that fail.
	maxBackoff = time.Hour

	// maxRefusals is after how many checks a message is given up that Chat refuses to let read.
	// With the default grace time they are spread over 18 hours.
	maxRefusals = 24

	// quietBeforeSweep is how long a message must not have been heard of before its garbage
	// goes: far longer than any delivery can be late.
	quietBeforeSweep = 7 * 24 * time.Hour

	// dateSlack is added where a moment is waited for that a read must begin after: the Date of
	// Chat's reply, which may bring the beginning forward, has whole seconds.
	dateSlack = time.Second
)

// policy is what the rules of plan and conclude depend on beside a message. Its methods are pure.
type policy struct {
	app       string // of the messages to look at; "" for all
	grace     time.Duration
	retention time.Duration // 0 keeps messages for good
	readAll   bool
	access    bool // whether there is access to Chat's REST API
}

// margin is how long before a read's beginning something may have been heard that the read does not
// decide: an event that reached us before Chat's own read shows it, under clocks that differ.
func (p policy) margin() time.Duration { return 2 * p.grace }

// look returns the Due with which a message is looked at again at a moment: Run asks for the
// messages that have been due for the grace time. It lies after the cutoff of the run that writes
// it, so that no run meets its own outcome.
func (p policy) look(at, now time.Time) time.Time {
	return later(at, now.Add(time.Millisecond)).Add(-p.grace)
}

// began returns the Started of an outcome: when the check began, but after the cutoff of its run.
func (p policy) began(started, now time.Time) time.Time {
	return later(started, now.Add(time.Millisecond-p.grace))
}

// backoff is how long after a number of failed checks the next one comes: 1, 2, 4, ... grace times.
func (p policy) backoff(tries int) time.Duration {
	wait := p.grace
	for ; tries > 1 && wait < maxBackoff; tries-- {
		wait *= 2
	}
	return min(wait, maxBackoff)
}

// ages are those of the last change heard at which a message is looked at once more, after the
// first time. A lost last version has nothing after it to betray it, so where all are read, they
// are read then. A message that was announced, and nothing heard of it, is read at the same ages of
// its announcement.
func (p policy) ages(c state.Check) (since time.Time, ages []time.Duration) {
	reads := []time.Duration{state.FirstAnnouncedRead, time.Hour, 24 * time.Hour, quietBeforeSweep}
	switch {
	case c.Heard.IsZero() && c.Announced.IsZero():
		return time.Time{}, nil
	case c.Heard.IsZero():
		return c.Announced, reads
	case p.readAll && p.access:
		return c.Heard, reads
	}
	return c.Heard, reads[len(reads)-1:]
}

// next returns the Due of a message with which nothing is wrong; zero for one that is not looked at
// again.
func (p policy) next(c state.Check, quiet, now time.Time) time.Time {
	if due := p.nextAge(c, now); !due.IsZero() {
		return due
	}
	return p.end(quiet, now)
}

// nextAge returns the Due for the next of its ages; zero where none is left.
func (p policy) nextAge(c state.Check, now time.Time) time.Time {
	since, ages := p.ages(c)
	for _, age := range ages {
		if at := since.Add(age); at.After(now) {
			return p.look(at, now)
		}
	}
	return time.Time{}
}

// silent reports whether a message was only announced: nothing of its own was heard.
func silent(c state.Check) bool { return c.Heard.IsZero() && !c.Announced.IsZero() }

// end returns the Due of a message that is looked at again only to be erased, if ever.
func (p policy) end(quiet, now time.Time) time.Time {
	if p.retention == 0 {
		return time.Time{}
	}
	return p.look(quiet.Add(p.retention), now)
}

// sweeps reports whether nothing about a message can be on its way any more. One that was never
// heard of has no garbage.
func sweeps(c state.Check, now time.Time) bool {
	return !c.Heard.IsZero() && now.Sub(c.Heard) >= quietBeforeSweep
}

// mayErase reports whether a message has been quiet for the retention time. One with a doubt that
// was not given up, or with a gap that nobody has looked at, is read first.
func (p policy) mayErase(head state.Head, now time.Time) bool {
	c := head.Check
	over := p.retention > 0 && now.Sub(quietSince(c)) >= p.retention
	doubted := c.Doubted != 0 && !c.GaveUp
	fresh := head.Progress.Gap() && c.Tries == 0 && !c.Gone && !c.GaveUp
	return over && !doubted && !fresh
}

// quietSince returns since when nothing was heard of a message: if nothing ever was, since it was
// announced, or else created, which its revision tells at the latest.
func quietSince(c state.Check) time.Time {
	if heard := later(c.Heard, c.Announced); !heard.IsZero() {
		return heard
	}
	return state.Moment(c.Revision)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
