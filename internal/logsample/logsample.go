// Package logsample bounds the lines that a log gets of refused requests. A line costs more than
// the rest of a refusal, and an attacker decides how many requests there are.
package logsample

import (
	"sync"
	"time"
)

// MaxLines is how many refused requests a minute get a line of their own.
const MaxLines = 5

// Refusals decides which refused requests get a line of their own. It counts the others until the
// next line of any kind, before which the count is to be logged. What was counted since the last
// line is lost when the process ends. The zero value is ready. It is safe for concurrent use.
type Refusals struct {
	mu      sync.Mutex
	minute  int64 // Unix time in minutes
	lines   int   // of that minute
	counted map[string]int
}

// LeaveOut reports whether a request that was refused at the given time gets no line. If so, it
// counts the request by its reason.
func (r *Refusals) LeaveOut(reason string, at time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if minute := at.Unix() / 60; minute != r.minute {
		r.minute, r.lines = minute, 0
	}
	if r.lines < MaxLines {
		r.lines++
		return false
	}
	if r.counted == nil {
		r.counted = make(map[string]int)
	}
	r.counted[reason]++
	return true
}

// Take returns the counts by reason and resets them.
func (r *Refusals) Take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counted := r.counted
	r.counted = nil
	return counted
}
