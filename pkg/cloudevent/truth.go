package cloudevent

import "msgext/pkg/msgext"

// Place is that of a read among all reads of its message, and what it decides.
type Place struct {
	// ReadNumber is greater the newer the read. No two reads of a message that were told overlap,
	// so their order is the real one, whatever the readers' clocks say.
	ReadNumber int64 `json:"ReadNumber"`

	// DecidedBefore is in Unix milliseconds: of what msgext received before that moment, this read
	// says all there is to say, whatever its version.
	DecidedBefore int64 `json:"DecidedBefore"`
}

// Truth is the data of a repaired event: the message, its extensions in the shape of Chat's own
// read, and the place of the read.
type Truth struct {
	msgext.Address
	msgext.ReadReply
	Place
}
