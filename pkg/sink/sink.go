// Package sink delivers events to the destinations that an app chooses. Sink is the interface. Each
// destination is a driver in a package below this one, and every driver passes the suite in
// sinktest.
//
// It is for drivers of further destinations, and for programs that choose among the existing ones.
// Its API is v0: it may change with any release.
package sink

import (
	"context"
	"errors"
	"fmt"

	"msgext/pkg/cloudevent"
)

// ErrClosed is Send's error after Close.
var ErrClosed = errors.New("sink: closed")

// Sink is one destination. It is safe for concurrent use.
type Sink interface {
	// Name distinguishes this destination from others in logs and metrics: the driver and the
	// queue, bus, topic or host, never a credential, a path or a query.
	Name() string

	// Send returns nil only when the destination has durably accepted the event. It honours the
	// context and returns by its deadline. After an error the event may have been accepted
	// nevertheless. Sending it again is safe for consumers that compare event IDs. Its error is a
	// *TooLargeError if the destination does not accept events of that size. It does not name the
	// destination, because Outcome.Failure does.
	Send(ctx context.Context, event cloudevent.Event) error

	// Close flushes and releases connections. It may be called more than once. Send then returns
	// ErrClosed.
	Close() error
}

// TooLargeError says that a destination does not accept an event of this size.
type TooLargeError struct {
	Size  int // bytes, as the destination counts them
	Limit int // bytes, 0 if the destination does not tell
}

func (e *TooLargeError) Error() string {
	if e.Limit == 0 {
		return fmt.Sprintf("sink: event of %d bytes is too large", e.Size)
	}
	return fmt.Sprintf("sink: event of %d bytes is over the limit of %d", e.Size, e.Limit)
}
