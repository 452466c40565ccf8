package console

import (
	"slices"
	"time"

	"msgext/pkg/msgext"
)

// Standings of a version: what became of it.
const (
	standingArrived   = "arrived"
	standingLate      = "late"      // after a later version of its message
	standingUnsettled = "unsettled" // arrived, but the store or a sink did not accept it
	standingRepaired  = "repaired"  // never arrived, but a read contained it
	standingSettled   = "settled"   // older than the kept entries, or complete in the store
	standingMissing   = "missing"
	standingDropped   = "dropped" // arrived, but Chat does not have it
)

const (
	maxSlots    = 48 // of a timeline; the newest are kept
	maxUnfolded = 5  // consecutive versions with one standing that get a slot each
	maxGaps     = 50
)

// span is a range of versions, both ends included.
type span struct {
	From int64 `json:"from,string"`
	To   int64 `json:"to,string"`
}

// slot is one place on a timeline: one version, or several consecutive versions that did not
// arrive.
type slot struct {
	span
	Standing string    `json:"standing"`
	Arrivals []arrival `json:"arrivals"`
	Filled   *arrival  `json:"filled"` // the read that contained it, for standingRepaired
}

// arrival is an entry on the timeline. Order is its rank among the message's entries.
type arrival struct {
	ID        uint64    `json:"id"`
	At        time.Time `json:"at"`
	Order     int       `json:"order"`
	Fate      string    `json:"fate"`
	Operation string    `json:"operation"`
}

// timeline says which versions of a message arrived when, and what became of the others.
type timeline struct {
	Slots   []slot    `json:"slots"`
	Reads   []arrival `json:"reads"`
	Earlier bool      `json:"earlier"` // there are older versions than the first slot
}

// gaps returns the versions up to latest that are not completely handled, oldest first.
func gaps(p msgext.Progress) []span {
	found := []span{}
	if !p.Gap() {
		return found
	}
	next := p.Contiguous() + 1
	for _, seen := range p.Seen {
		if seen > next {
			found = append(found, span{next, seen - 1})
		}
		if seen >= next {
			next = seen + 1
		}
		if len(found) == maxGaps {
			return found
		}
	}
	// next is negative after the greatest number, because it overflows.
	if next > 0 && next <= p.Latest {
		found = append(found, span{next, p.Latest})
	}
	return found
}

// drawing holds what is known of a message's versions. progress is nil where there is no store.
type drawing struct {
	progress *msgext.Progress
	arrivals map[int64][]arrival
	late     map[int64]bool
	reads    []read
	oldest   int64 // a lower version may have arrived and no longer be kept; 0 when none can
	latest   int64
}

type read struct {
	latest int64
	arrival
}

// draw makes the timeline of one message from its entries, oldest first. complete is true when all
// entries of the message are kept.
func draw(entries []*entry, progress *msgext.Progress, complete bool) timeline {
	d := drawing{progress: progress, arrivals: map[int64][]arrival{}, late: map[int64]bool{}}
	if progress != nil {
		d.latest = progress.Latest
	}
	greatest := int64(0)
	for order, e := range entries {
		a := arrival{ID: e.ID, At: e.At, Order: order, Fate: e.Fate, Operation: e.Operation}
		d.latest = max(d.latest, e.Latest)
		if e.Fate == fateRepaired {
			d.reads = append(d.reads, read{e.Version, a})
			continue
		}
		if len(d.arrivals[e.Version]) == 0 && e.Version < greatest {
			d.late[e.Version] = true
		}
		d.arrivals[e.Version] = append(d.arrivals[e.Version], a)
		greatest = max(greatest, e.Version)
		if !complete && (d.oldest == 0 || e.Version < d.oldest) {
			d.oldest = e.Version
		}
	}
	t := timeline{Slots: unfold(d.slots()), Reads: []arrival{}}
	for _, read := range d.reads {
		t.Reads = append(t.Reads, read.arrival)
	}
	if len(t.Slots) > maxSlots {
		t.Slots, t.Earlier = t.Slots[len(t.Slots)-maxSlots:], true
	}
	return t
}

// slots splits the versions up to latest wherever the standing can change, and joins neighbours
// with the same standing.
func (d *drawing) slots() []slot {
	cuts := []int64{d.latest, d.oldest}
	for version := range d.arrivals {
		cuts = append(cuts, version)
	}
	for _, read := range d.reads {
		cuts = append(cuts, read.latest)
	}
	if d.progress != nil {
		cuts = append(cuts, d.progress.Contiguous(), d.progress.Latest)
		cuts = append(cuts, d.progress.Seen...)
	}
	slices.Sort(cuts)

	var joined []slot
	next := int64(1)
	for _, cut := range slices.Compact(cuts) {
		if cut < next {
			continue
		}
		for _, part := range []span{{next, cut - 1}, {cut, cut}} {
			if part.From > part.To {
				continue
			}
			s := d.slot(part)
			if s.Standing == standingMissing && d.dropped(part.From) {
				continue // no entry but the dropped ones named these versions
			}
			if end := len(joined) - 1; end >= 0 && joined[end].joins(s) {
				joined[end].To = s.To
				continue
			}
			joined = append(joined, s)
		}
		next = cut + 1
	}
	return joined
}

// slot returns the slot of versions that all have the same standing.
func (d *drawing) slot(versions span) slot {
	version := versions.From
	arrivals := d.arrivals[version]
	handled := d.progress == nil
	if d.progress != nil {
		_, seen := slices.BinarySearch(d.progress.Seen, version)
		handled = seen || version <= d.progress.Contiguous()
	}
	accepted := slices.ContainsFunc(arrivals, func(a arrival) bool { return a.Fate == fateAccepted })
	filled := d.read(version)

	s := slot{span: versions, Arrivals: append([]arrival{}, arrivals...)}
	switch {
	case accepted && handled && d.late[version]:
		s.Standing = standingLate
	case accepted && handled:
		s.Standing = standingArrived
	case filled != nil:
		s.Standing, s.Filled = standingRepaired, filled
	case accepted && d.dropped(version):
		s.Standing = standingDropped
	case len(arrivals) > 0:
		s.Standing = standingUnsettled
	case version < d.oldest, d.progress != nil && handled:
		s.Standing = standingSettled
	default:
		s.Standing = standingMissing
	}
	return s
}

// dropped reports whether the store does not know a version, or no longer does.
func (d *drawing) dropped(version int64) bool {
	return d.progress != nil && version > d.progress.Latest
}

// read returns the first kept read that contains a version. It returns nil for versions older than
// all kept entries.
func (d *drawing) read(version int64) *arrival {
	if version < d.oldest {
		return nil
	}
	for _, read := range d.reads {
		if version <= read.latest {
			return &read.arrival
		}
	}
	return nil
}

// joins reports whether two neighbouring slots can be one, because nothing arrived in either.
func (s slot) joins(next slot) bool {
	return s.Standing == next.Standing && len(s.Arrivals) == 0 && len(next.Arrivals) == 0 &&
		(s.Filled == next.Filled || s.Filled != nil && next.Filled != nil && s.Filled.ID == next.Filled.ID)
}

// unfold splits short slots into one slot for each version.
func unfold(folded []slot) []slot {
	unfolded := []slot{}
	for _, s := range folded {
		if s.To-s.From >= maxUnfolded {
			unfolded = append(unfolded, s)
			continue
		}
		// Counts by offset, because To may be the greatest number.
		for offset := range s.To - s.From + 1 {
			single := s
			single.span = span{s.From + offset, s.From + offset}
			unfolded = append(unfolded, single)
		}
	}
	return unfolded
}
