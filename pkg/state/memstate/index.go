package memstate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"msgext/pkg/state"
)

// index holds the messages of each lane that are to be checked, in the order in which they wait.
// With a lag, a move takes effect once it is that old.
type index struct {
	lanes [state.Announced + 1][]place
	lag   time.Duration
	now   func() time.Time
	moves []move // the oldest first
}

// place is a message's position in a lane: by the time since which it is due, then by its path.
type place struct {
	due  int64
	path string
	of   *record
}

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.due, other.due), strings.Compare(p.path, other.path))
}

type move struct {
	at       time.Time
	of       *record
	from, to state.Check
}

// move moves a message from its place by one check to its place by another.
func (x *index) move(of *record, from, to state.Check) {
	if from.Lane() == to.Lane() && from.Due.Equal(to.Due) {
		return
	}
	m := move{of: of, from: from, to: to}
	if x.lag == 0 {
		x.make(m)
		return
	}
	m.at = x.now()
	x.moves = append(x.moves, m)
}

// catchUp applies the moves that are old enough.
func (x *index) catchUp() {
	made := 0
	for made < len(x.moves) && x.now().Sub(x.moves[made].at) >= x.lag {
		x.make(x.moves[made])
		made++
	}
	x.moves = slices.Delete(x.moves, 0, made)
}

func (x *index) make(m move) {
	if due := state.Milliseconds(m.from.Due); due != 0 {
		lane := &x.lanes[m.from.Lane()]
		if at, found := find(*lane, place{due: due, path: m.of.path}); found {
			*lane = slices.Delete(*lane, at, at+1)
		}
	}
	if due := state.Milliseconds(m.to.Due); due != 0 {
		lane := &x.lanes[m.to.Lane()]
		at, _ := find(*lane, place{due: due, path: m.of.path})
		*lane = slices.Insert(*lane, at, place{due, m.of.path, m.of})
	}
}

// find returns the index of a place in a lane, or where it belongs, and whether it is there.
func find(lane []place, p place) (int, bool) {
	return slices.BinarySearchFunc(lane, p, place.compare)
}

// after returns the places of a lane that are due at or before a moment and come after a place.
func (x *index) after(lane state.Lane, from place, before int64) []place {
	all := x.lanes[lane]
	first, found := find(all, from)
	if found {
		first++
	}
	end, _ := find(all, place{due: before + 1})
	return all[first:max(first, end)]
}
