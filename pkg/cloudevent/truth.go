package cloudevent

import "msgext/pkg/msgext"

// Place is the position of a read among all reads of its message, and what the read decides.
type Place struct {
	// ReadNumber is greater for a newer read. No two reads of a message that were sent to sinks
	// overlap, so this order is the real one, whatever the readers' clocks say.
	ReadNumber int64 `json:"ReadNumber"`

	// DecidedBefore is a time in Unix milliseconds. This read decides everything that msgext
	// received before that time, whatever its version.
	DecidedBefore int64 `json:"DecidedBefore"`
}

// Truth is the data of a repaired event: the message, its extensions in the shape of Chat's own
// read, and the read's place.
type Truth struct {
	msgext.Address
	msgext.ReadReply
	Place
}
