package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"msgext/pkg/msgext"
)

// How often the progress is shown.
const (
	progressOnTerminal = 200 * time.Millisecond // in place
	progressElsewhere  = 5 * time.Second        // one line each
)

// eraseLine moves to the beginning of a terminal's line and clears it.
const eraseLine = "\r\x1b[K"

// progress shows the progress of a long task. On a terminal it is one line that changes in place.
// Elsewhere it is a new line from time to time. It is safe for concurrent use.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	due      <-chan time.Time
	stop     func()
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, terminal: isTerminal(w)}
	every := progressElsewhere
	if p.terminal {
		every = progressOnTerminal
	}
	ticker := time.NewTicker(every)
	p.due, p.stop = ticker.C, ticker.Stop
	return p
}

// show shows the progress, if enough time has passed since the last one.
func (p *progress) show(state fmt.Stringer) {
	select {
	case <-p.due:
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.w, eraseLine, state)
		return
	}
	fmt.Fprintln(p.w, state)
}

// failed writes a line that names a message that failed. It is one that replay, backfill and verify
// take from standard input, and it is not overwritten.
func (p *progress) failed(message msgext.Message, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaveLine()
	_ = writeJSON(p.w, failed{message.Address(), err.Error()}) // as the other lines of progress
}

// failed is a message that failed, as it is printed.
type failed struct {
	msgext.Address
	Error string `json:"error"`
}

// end shows the final result.
func (p *progress) end(state fmt.Stringer) {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaveLine()
	fmt.Fprintln(p.w, state)
}

// leaveLine makes room for a line that is not overwritten.
func (p *progress) leaveLine() {
	if p.terminal {
		fmt.Fprint(p.w, eraseLine)
	}
}
