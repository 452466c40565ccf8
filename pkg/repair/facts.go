package repair

import (
	"slices"
	"time"

	"msgext/pkg/msgext"
)

// facts are what follows from a read and from what was known before it.
type facts struct {
	after   msgext.State // what is known once the read is merged
	changed bool         // that differs from what was visible before
	gap     bool         // a version that the read has was missing here, or a sink had missed it

	// The read decides about what was heard before that moment.
	decided     time.Time
	settlesDrop bool // what was dropped was heard before it
	doubtStays  bool // what was doubted came later: a replica of Chat's that lags may not have it

	top        int64     // the greatest version that the read knows of
	ahead      bool      // webhooks or earlier reads spoke of versions above that
	aheadSince time.Time // all of them were heard by then
	fell       bool      // because Chat's LatestSeq has fallen: its newest key was deleted
	forged     bool      // and not only because of that
	drop       bool      // an earlier read found the same, so they are to be dropped
}

func (p policy) facts(f finding) facts {
	before, c := f.record.State, f.record.Check
	fact := facts{after: before.Clone(), top: max(f.read.Latest, f.read.Ahead)}
	fact.after.Merge(f.read)
	fact.changed = !slices.Equal(before.Visible(), fact.after.Visible())
	fact.gap = before.Contiguous() < f.read.Latest

	fact.decided = f.began.Add(-p.margin())
	dropDecided := c.DroppedAt.Before(fact.decided)
	fact.settlesDrop = !c.DroppedAt.IsZero() && dropDecided
	fact.doubtStays = c.Doubted != 0 && !dropDecided // a doubt's time stands in DroppedAt

	fact.ahead = before.Latest > fact.top
	fact.aheadSince = later(f.began, c.Heard)
	known := fact.top // what Chat has or had
	if before.Base != nil {
		known = max(known, before.Base.Latest)
	}
	fact.forged = before.Latest > known && !onlyDeleted(before, known)
	fact.fell = fact.top < known || fact.ahead && !fact.forged
	fact.drop = c.AheadOver > fact.top && fact.decided.After(c.AheadSince)
	return fact
}

// onlyDeleted reports whether all that was heard above a version are deletions. Where Chat's
// LatestSeq is that of its greatest key, deleting that key lowers it.
func onlyDeleted(s msgext.State, version int64) bool {
	found := false
	for _, entry := range s.Entries {
		if entry.Seq > version {
			if !entry.Deleted {
				return false
			}
			found = true
		}
	}
	return found && s.Clear <= version
}
