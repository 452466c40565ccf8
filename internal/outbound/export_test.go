package outbound

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Clock is ahead of the real one.
type Clock struct{ ahead atomic.Int64 }

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) { c.ahead.Add(int64(d)) }

// DoubtingWithClock is Doubting by another clock.
func DoubtingWithClock(t *http.Transport) (*Transport, *Clock) {
	transport, clock := Doubting(t), new(Clock)
	real := transport.Now
	transport.Now = func() time.Time { return real().Add(time.Duration(clock.ahead.Load())) }
	return transport, clock
}

// Known is how many connections are known.
func (t *Transport) Known() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.known)
}
