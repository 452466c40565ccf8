package msgext

import (
	"strconv"
	"time"
)

// Limits that the vendor documents for the sender (trtc.io/document/53445). An event above
// them is accepted all the same: losing a real event is worse than storing a long one.
const (
	MaxKeyBytes   = 100
	MaxValueBytes = 1024
	MaxKeyValues  = 20  // in one change
	MaxKeys       = 300 // on one message
)

// maxEventKeyValues limits the key-values of one event, because each of them costs a store a write.
// It is fifty times what Chat sends.
const maxEventKeyValues = 1000

// Operation is the kind of a change, by the wire's OperateType.
type Operation int

// The three operations of OperateType.
const (
	Set    Operation = 1
	Delete Operation = 2
	Clear  Operation = 3
)

// String returns "set", "delete" or "clear".
func (o Operation) String() string {
	switch o {
	case Set:
		return "set"
	case Delete:
		return "delete"
	case Clear:
		return "clear"
	}
	return "operation " + strconv.Itoa(int(o))
}

// KeyValue is one extension of a message, in the wire's own shape. Seq is the
// version at which this key last changed.
type KeyValue struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
	Seq   int64  `json:"Seq"`
}

// Event is one change of one message's extensions, as Decode returns it: well-formed and checked.
// It is read-only and may be shared.
type Event struct {
	Message   Message
	Operation Operation
	KeyValues []KeyValue // of distinct keys; at least one for Set and Delete, none for Clear
	Seq       int64      // "latest version of the whole message"; see Version
	Time      time.Time  // the wire's EventTime, zero when absent

	// Body is the webhook's body as received, except that U+FFFD replaces each byte that is not
	// UTF-8 and each lone surrogate.
	Body []byte

	// Tolerated lists the first eight faults that do no harm: an EventTime that cannot be read,
	// which counts as absent, and a value that was not Unicode.
	Tolerated []FieldError
}

// Command returns the CallbackCommand the event came under.
func (e Event) Command() string {
	if e.Message.IsGroup() {
		return GroupCommand
	}
	return C2CCommand
}

// Version returns the version that this change made: the greatest Seq among its key-values, or for
// a clear its own Seq. The outer Seq of a set or delete is not used. The vendor calls it the latest
// version of the whole message, so under concurrency it may already be the version of another
// change. This is not documented; we assume the worse.
func (e Event) Version() int64 {
	if e.Operation == Clear {
		return e.Seq
	}
	var version int64
	for _, kv := range e.KeyValues {
		version = max(version, kv.Seq)
	}
	return version
}

// Latest returns the greatest version that the event mentions.
func (e Event) Latest() int64 { return max(e.Seq, e.Version()) }

// OverLimit counts the key-values whose key or value is longer than the vendor's limits.
func (e Event) OverLimit() int {
	n := 0
	for _, kv := range e.KeyValues {
		if len(kv.Key) > MaxKeyBytes || len(kv.Value) > MaxValueBytes {
			n++
		}
	}
	return n
}
