package relay

import (
	"sync"
	"time"
)

const (
	maxFailures = 5           // in a row, after which the backend is left alone
	pause       = time.Second // from the end of one try to the next
)

// result is what one request says of the backend.
type result int

const (
	unknown result = iota
	succeeded
	failed
)

// circuit spares those who wait for an answer that will not come, and the concurrency they occupy:
// after maxFailures in a row it lets one request through at a time, a pause apart, until one
// succeeds.
type circuit struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	trying   bool      // whether the backend is well again
	ended    time.Time // when the last of those that failed did
}

// enter reports whether a request may be made, and whether it is the one that tries if the backend
// is well again. What it lets in must leave.
func (c *circuit) enter() (allowed, trial bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures < maxFailures {
		return true, false
	}
	// Round strips the monotonic reading, which stands still while a sandbox is frozen. A clock
	// that was set back does not count.
	elapsed := c.now().Round(0).Sub(c.ended)
	if c.trying || elapsed >= 0 && elapsed < pause {
		return false, false
	}
	c.trying = true
	return true, true
}

// leave takes in how a request ended.
func (c *circuit) leave(trial bool, r result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if trial {
		c.trying = false
		c.ended = c.now().Round(0)
	}
	switch r {
	case succeeded:
		c.failures = 0
	case failed:
		c.failures++
		c.ended = c.now().Round(0)
	}
}
