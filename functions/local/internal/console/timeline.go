package console

import (
	"slices"
	"time"

	"msgext/pkg/msgext"
)

// Standings of a version.
const (
	standingArrived   = "arrived"
	standingLate      = "late"      // after a later version of its message
	standingUnsettled = "unsettled" // arrived, but not everything configured accepted it
	standingRepaired  = "repaired"  // never arrived; a read brought the truth
	standingSettled   = "settled"   // before anything that is still kept here
	standingMissing   = "missing"
	standingDropped   = "dropped" // arrived, but Chat turned out not to have it
)

const (
	maxSlots    = 48 // of a timeline, the newest
	maxUnfolded = 5  // versions of one standing in a row that get a slot each
	maxHoles    = 50
)

// span is a range of versions, both ends included.
type span struct {
	From int64 `json:"from,string"`
	To   int64 `json:"to,string"`
}

// slot is one place on a timeline: a version, or a row of versions of which none arrived.
type slot struct {
	span
	Standing string    `json:"standing"`
	Arrivals []arrival `json:"arrivals"`
	Filled   *arrival  `json:"filled"` // the read that brought the truth, for standingRepaired
}

// arrival is an entry as the timeline shows it. Order is its rank among the message's entries.
type arrival struct {
	ID        uint64    `json:"id"`
	At        time.Time `json:"at"`
	Order     int       `json:"order"`
	Verdict   string    `json:"verdict"`
	Operation string    `json:"operation"`
}

// timeline tells which versions of a message arrived when, and what became of the others.
type timeline struct {
	Slots   []slot    `json:"slots"`
	Reads   []arrival `json:"reads"`
	Earlier bool      `json:"earlier"` // there are older versions than the first slot
}

// holes returns the versions up to latest that are not completely handled, oldest first.
func holes(p msgext.Progress) []span {
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
		if len(found) == maxHoles {
			return found
		}
	}
	if next > 0 && next <= p.Latest { // after the greatest number there is comes the least
		found = append(found, span{next, p.Latest})
	}
	return found
}

// drawing gathers what is known of a message's versions. progress is nil where there is no store.
type drawing struct {
	progress *msgext.Progress
	arrivals map[int64][]arrival
	late     map[int64]bool
	reads    []read
	oldest   int64 // versions below it may have arrived without being kept, 0 when none can
	latest   int64
}

type read struct {
	latest int64
	arrival
}

// draw makes the timeline of one message from its entries, oldest first. complete is true when
// none of its entries can have left the ring.
func draw(entries []*entry, progress *msgext.Progress, complete bool) timeline {
	d := drawing{progress: progress, arrivals: map[int64][]arrival{}, late: map[int64]bool{}}
	if progress != nil {
		d.latest = progress.Latest
	}
	greatest := int64(0)
	for order, e := range entries {
		a := arrival{ID: e.ID, At: e.At, Order: order, Verdict: e.Verdict, Operation: e.Operation}
		d.latest = max(d.latest, e.Latest)
		if e.Verdict == verdictRepaired {
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

// slots cuts the versions up to latest wherever their standing can change, and joins neighbours
// of one standing.
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
				continue // only what was dropped spoke of them
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

// slot tells the standing of versions that all have the same.
func (d *drawing) slot(versions span) slot {
	version := versions.From
	arrivals := d.arrivals[version]
	handled := d.progress == nil
	if d.progress != nil {
		_, seen := slices.BinarySearch(d.progress.Seen, version)
		handled = seen || version <= d.progress.Contiguous()
	}
	accepted := slices.ContainsFunc(arrivals, func(a arrival) bool { return a.Verdict == verdictAccepted })
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

// dropped reports whether the store has never heard of a version, or has dropped it again.
func (d *drawing) dropped(version int64) bool {
	return d.progress != nil && version > d.progress.Latest
}

// read returns the first kept read that covers a version which did not arrive before; nil for
// versions older than what is kept.
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

// joins reports whether two neighbouring slots read as one: nothing arrived in either.
func (s slot) joins(next slot) bool {
	return s.Standing == next.Standing && len(s.Arrivals) == 0 && len(next.Arrivals) == 0 &&
		(s.Filled == next.Filled || s.Filled != nil && next.Filled != nil && s.Filled.ID == next.Filled.ID)
}

// unfold gives the versions of short rows a slot each.
func unfold(folded []slot) []slot {
	unfolded := []slot{}
	for _, s := range folded {
		if s.To-s.From >= maxUnfolded {
			unfolded = append(unfolded, s)
			continue
		}
		for offset := range s.To - s.From + 1 { // To may be the greatest number there is
			single := s
			single.span = span{s.From + offset, s.From + offset}
			unfolded = append(unfolded, single)
		}
	}
	return unfolded
}
