package state

import "msgext/pkg/msgext"

// Merge takes in a read and reports whether it did, see msgext.State.Merge. It neither raises the
// floor, nor settles a doubt, nor changes when the message is due: SaveCheck does, once every sink
// has been told.
//
// A message that a read creates has the read's number as its revision, and is due since then: its
// reader may die before it writes an outcome.
func (r *Record) Merge(read msgext.Snapshot) bool {
	if !r.State.Merge(read) {
		return false
	}
	if r.Check.Revision == 0 {
		r.Check.Revision, r.Check.Due = read.Number, Moment(read.Number)
	}
	return true
}
