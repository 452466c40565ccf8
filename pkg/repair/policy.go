package repair

import (
	"time"

	"msgext/pkg/state"
)

const (
	// maxBackoff is the longest time between two checks of a message that fail.
	maxBackoff = time.Hour

	// maxRefusals is the number of checks refused by Chat after which a message is given up. With
	// the default grace time they are spread over 18 hours.
	maxRefusals = 24

	// quietBeforeSweep is how long nothing must have been heard of a message before its garbage
	// goes. It is far longer than any delivery can be late.
	quietBeforeSweep = 7 * 24 * time.Hour

	// dateSlack is added where a read must begin after a moment that is waited for. The Date of
	// Chat's reply may bring the beginning forward, and it has whole seconds.
	dateSlack = time.Second
)

// policy is what the rules of plan and conclude depend on besides a message. Its methods are pure.
type policy struct {
	app       string // of the messages to look at; "" for all
	grace     time.Duration
	retention time.Duration // 0 keeps messages for good
	readAll   bool
	access    bool // whether there is access to Chat's REST API
}

// margin is a time before a read's beginning. The read does not decide about what was heard within
// it. An event may reach us before Chat's own read shows it, and clocks differ.
func (p policy) margin() time.Duration { return 2 * p.grace }

// look returns the Due with which a message is looked at again at a moment. Run asks for the
// messages that have been due for the grace time, so Due is earlier by that time. It lies after the
// cutoff of the run that writes it, so that no run meets its own outcome.
func (p policy) look(at, now time.Time) time.Time {
	return later(at, now.Add(time.Millisecond)).Add(-p.grace)
}

// began returns the Started of an outcome: when the check began, but always after its run's cutoff.
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

// ages are the ages of the last change heard at which a message is looked at once more, after the
// first time. If the last version was lost, no later version shows that it is missing. So where all
// messages are read, they are read at these ages. A message that was announced, and of which
// nothing was heard, is read at the same ages of its announcement.
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

// next returns the Due of a message with which nothing is wrong. It is zero for one that is not
// looked at again.
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

// end returns the Due of a message that is looked at again only to be erased. It may be zero.
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

// mayErase reports whether a message has been quiet for the retention time. A message is read first
// if it has a doubt that was not given up, or a gap that nobody has looked at.
func (p policy) mayErase(head state.Head, now time.Time) bool {
	c := head.Check
	over := p.retention > 0 && now.Sub(quietSince(c)) >= p.retention
	doubted := c.Doubted != 0 && !c.GaveUp
	fresh := head.Progress.Gap() && c.Tries == 0 && !c.Gone && !c.GaveUp
	return over && !doubted && !fresh
}

// quietSince returns since when nothing was heard of a message. If nothing ever was, that is since
// it was announced. If it was not announced, that is since it was created, which its revision tells
// at the latest.
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
