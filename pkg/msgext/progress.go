package msgext

import "slices"

// MaxSeen is how many versions above the floor are remembered as seen. A version beyond that is not
// remembered. The message then has a gap, which a read closes.
const MaxSeen = 1024

// Progress is how far a message's history is known. Every version up to Floor is completely
// handled, and so is every version in Seen, all of which are above Floor. Latest is the greatest
// version heard of. A version counts as handled when everything configured has accepted its event,
// or when every sink has the result of a read at or above it.
//
// Seen never holds the version that follows the floor: raising the floor also passes over the seen
// versions that follow it. So Seen is empty unless a message has a gap, records stay small, and
// every store computes the same value.
type Progress struct {
	Latest int64   `json:"latest"`
	Floor  int64   `json:"floor"`
	Seen   []int64 `json:"seen,omitempty"` // sorted, distinct, all above Floor+1
}

// Hear notes that version exists.
func (p *Progress) Hear(version int64) { p.Latest = max(p.Latest, version) }

// MarkSeen notes that version is completely handled. If it follows the floor it raises the floor,
// and with it past the seen versions that follow. Any other version is added to Seen, unless Seen
// already holds MaxSeen.
func (p *Progress) MarkSeen(version int64) {
	p.Hear(version)
	switch at, found := slices.BinarySearch(p.Seen, version); {
	case version <= p.Floor || found:
	case version == p.Floor+1:
		p.RaiseFloor(version)
	case len(p.Seen) < MaxSeen:
		p.Seen = slices.Insert(p.Seen, at, version)
	}
}

// RaiseFloor notes that everything up to version is completely handled. It never lowers the floor.
func (p *Progress) RaiseFloor(version int64) {
	p.Hear(version)
	p.Floor = max(p.Floor, version)
	passed := 0
	for _, seen := range p.Seen {
		if seen-1 > p.Floor {
			break
		}
		p.Floor = max(p.Floor, seen)
		passed++
	}
	p.Seen = slices.Delete(p.Seen, 0, passed)
}

// Contiguous returns the greatest version up to which every version is completely handled. It
// differs from Floor only for records that were stored before raising the floor passed over seen
// versions.
func (p Progress) Contiguous() int64 {
	version := p.Floor
	for _, seen := range p.Seen {
		if seen > version+1 {
			break
		}
		version = max(version, seen)
	}
	return version
}

// Gap reports whether some version up to Latest is not completely handled. Either it was lost, or a
// sink missed it, or Chat skipped a number, or it is older than this deployment.
func (p Progress) Gap() bool { return p.Contiguous() < p.Latest }

func (p *Progress) drop(version int64) {
	p.Latest = min(p.Latest, version)
	p.Floor = min(p.Floor, version-1)
	at, _ := slices.BinarySearch(p.Seen, version)
	p.Seen = p.Seen[:at]
}
