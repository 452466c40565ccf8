package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// How often it is said how far things are.
const (
	progressOnTerminal = 200 * time.Millisecond // in place
	progressElsewhere  = 5 * time.Second        // a line each
)

// eraseLine goes back to the beginning of a terminal's line and empties it.
const eraseLine = "\r\x1b[K"

// progress says how far a long task is. On a terminal it is one line that changes in place;
// elsewhere a line now and then. It is safe for concurrent use.
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

// show says how far things are, if it is time to.
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

// say writes a line that stays.
func (p *progress) say(line any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.w, eraseLine)
	}
	fmt.Fprintln(p.w, line)
}

// end says how it went in the end.
func (p *progress) end(state fmt.Stringer) {
	p.stop()
	p.say(state)
}
