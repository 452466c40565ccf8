package relay

import (
	"sync"
	"time"
)

const (
	maxFailures = 5           // in a row, after which only trials are made
	pause       = time.Second // from the end of one trial to the next
)

// result is what one request shows about the backend.
type result int

const (
	unknown result = iota
	succeeded
	failed
)

// circuit keeps users from waiting for an answer that will not come, and frees the concurrency that
// such requests occupy. After maxFailures in a row it lets through one request at a time, a pause
// apart, until one succeeds.
type circuit struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	trying   bool      // a trial is being made
	ended    time.Time // when the last failure or trial ended
}

// enter reports whether a request may be made, and whether it is a trial of a backend that failed
// before. An allowed request must call leave.
func (c *circuit) enter() (allowed, trial bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures < maxFailures {
		return true, false
	}
	// Round removes the monotonic reading, which stands still while a sandbox is frozen. A negative
	// time, after a clock was set back, counts as elapsed.
	elapsed := c.now().Round(0).Sub(c.ended)
	if c.trying || elapsed >= 0 && elapsed < pause {
		return false, false
	}
	c.trying = true
	return true, true
}

// leave records how a request ended.
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
