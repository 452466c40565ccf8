package state

import (
	"strconv"
	"strings"
)

// Cursor is a place in a list of messages. The zero value is the beginning; every other but
// Somewhere's is a store's own, means nothing to another store or another list, and may be kept for
// as long as the caller likes.
type Cursor string

const somewhere = "somewhere "

// Somewhere returns a place in Each that n alone decides. Where n is random, every message is,
// roughly, as likely to be the next one as any other; at the end a caller goes on from the
// beginning.
func Somewhere(n uint64) Cursor { return Cursor(somewhere + strconv.FormatUint(n, 10)) }

// Somewhere returns the n that the cursor was made of, and whether it was made by Somewhere. It is
// for stores.
func (c Cursor) Somewhere() (n uint64, ok bool) {
	digits, ok := strings.CutPrefix(string(c), somewhere)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
