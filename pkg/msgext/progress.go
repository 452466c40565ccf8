package msgext

import "slices"

// MaxSeen bounds how many versions above the floor are remembered as seen. Past it a
// version is not remembered, so the message simply has a gap, which a read settles.
const MaxSeen = 1024

// Progress is how far a message's history is known: every version up to Floor is completely
// handled, the versions in Seen above it are too, and Latest is the greatest heard of. A version
// counts as handled when everything configured has accepted its event, or when every sink knows
// the truth of a read at or above it.
type Progress struct {
	Latest int64   `json:"latest"`
	Floor  int64   `json:"floor"`
	Seen   []int64 `json:"seen,omitempty"` // sorted, distinct, all above Floor
}

// Hear notes that version exists.
func (p *Progress) Hear(version int64) { p.Latest = max(p.Latest, version) }

// MarkSeen notes that version is completely handled.
func (p *Progress) MarkSeen(version int64) {
	p.Hear(version)
	if version <= p.Floor {
		return
	}
	at, found := slices.BinarySearch(p.Seen, version)
	if !found && len(p.Seen) < MaxSeen {
		p.Seen = slices.Insert(p.Seen, at, version)
	}
}

// RaiseFloor notes that everything up to version is completely handled. It never lowers the floor.
func (p *Progress) RaiseFloor(version int64) {
	p.Hear(version)
	p.Floor = max(p.Floor, version)
	at, found := slices.BinarySearch(p.Seen, p.Floor)
	if found {
		at++
	}
	p.Seen = slices.Delete(p.Seen, 0, at)
}

// Contiguous returns the greatest version up to which every version is completely handled.
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

// Gap reports whether some version up to Latest is not completely handled: it was lost, or
// a sink missed it, or Chat skipped a number, or it is older than this deployment.
func (p Progress) Gap() bool { return p.Contiguous() < p.Latest }

func (p *Progress) drop(version int64) {
	p.Latest = min(p.Latest, version)
	p.Floor = min(p.Floor, version-1)
	at, _ := slices.BinarySearch(p.Seen, version)
	p.Seen = p.Seen[:at]
}
