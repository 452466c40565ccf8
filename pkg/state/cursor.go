package state

import (
	"strconv"
	"strings"
)

// Cursor is a place in a list of messages. The zero value is the beginning. Every other cursor,
// except those of Somewhere, belongs to one list of one store, and no other list or store
// understands it. It does not expire.
type Cursor string

const somewhere = "somewhere "

// Somewhere returns a place in Each that depends on n alone. If n is random, roughly every message
// is equally likely to be the next one. A caller that reaches the end continues from the beginning.
func Somewhere(n uint64) Cursor { return Cursor(somewhere + strconv.FormatUint(n, 10)) }

// Somewhere returns the n that the cursor was made from, and whether Somewhere made it. It is for
// stores.
func (c Cursor) Somewhere() (n uint64, ok bool) {
	digits, ok := strings.CutPrefix(string(c), somewhere)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
