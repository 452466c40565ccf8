package outbound

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Clock stands still until a test moves it on.
type Clock struct{ now atomic.Int64 }

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) { c.now.Add(int64(d)) }

// Now returns the clock's time.
func (c *Clock) Now() time.Time { return time.Unix(0, c.now.Load()) }

// NewTransportWithClock is NewTransport with a clock that a test moves.
func NewTransportWithClock(t *http.Transport) (*Transport, *Clock) {
	transport, clock := NewTransport(t), new(Clock)
	transport.Now = clock.Now
	return transport, clock
}

// Known returns how many connections the Transport knows.
func (t *Transport) Known() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.known)
}
