// Package sink delivers events to where an app wants them. Sink is the interface; each
// destination is a driver in a package below this one, and sinktest is the suite all of
// them pass.
//
// It is for drivers of further destinations, and for programs that choose among those there
// are. Its API is v0: it may change with any release.
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
	// Name tells this destination from others in logs and metrics: the driver and the
	// queue, bus, topic or host, never a credential, a path or a query.
	Name() string

	// Send returns nil only when the destination has durably accepted the event. It honours the
	// context and is done, one way or the other, by its deadline; on an error the event may have
	// been accepted all the same, and sending it again is safe for consumers that look at its ID.
	// Its error is a *TooLargeError where the destination does not take events of that size.
	Send(ctx context.Context, event cloudevent.Event) error

	// Close flushes and releases connections. It may be called more than once; Send then
	// returns ErrClosed.
	Close() error
}

// TooLargeError says that a destination does not take an event of this size.
type TooLargeError struct {
	Sink  string
	Size  int // bytes, as the destination counts them
	Limit int // bytes, 0 where the destination does not tell
}

func (e *TooLargeError) Error() string {
	if e.Limit == 0 {
		return fmt.Sprintf("sink: %s: event of %d bytes is too large", e.Sink, e.Size)
	}
	return fmt.Sprintf("sink: %s: event of %d bytes is over the limit of %d", e.Sink, e.Size, e.Limit)
}
