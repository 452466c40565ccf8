package state

import "msgext/pkg/msgext"

// Merge takes in a read and reports whether it did, see msgext.State.Merge. It does not raise the
// floor, settle a doubt or change when the message is due. SaveCheck does that, once every sink has
// the result.
//
// A message that is created by a read gets the read's number as its revision, and is due from the
// moment that the number stands for. This covers a reader that crashes before it writes an outcome.
func (r *Record) Merge(read msgext.Snapshot) bool {
	if !r.State.Merge(read) {
		return false
	}
	if r.Check.Revision == 0 {
		r.Check.Revision, r.Check.Due = read.Number, Moment(read.Number)
	}
	return true
}
