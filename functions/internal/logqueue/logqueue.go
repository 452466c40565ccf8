// Package logqueue keeps a log that takes nothing from holding up whoever writes to it.
package logqueue

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// maxBytes bounds what waits. A line is some 300 bytes.
const maxBytes = 1 << 20

// Writer hands what is written to another writer, in order and one Write for each, and never waits
// for it. What comes while too much waits is dropped and counted; the count is written once the
// other writer takes something again. It is safe for concurrent use.
type Writer struct {
	to io.Writer

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	dropped int
	closed  bool
	wake    chan struct{} // holds one token while there may be something to do
	done    chan struct{} // closed once everything is written after Close
}

// New returns a Writer to another. Close it after use.
func New(to io.Writer) *Writer {
	w := &Writer{to: to, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.drain()
	return w
}

// Write takes a line, or drops it. It never fails.
func (w *Writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.bytes+len(line) > maxBytes {
		w.dropped++
		return len(line), nil
	}
	w.waiting = append(w.waiting, append([]byte(nil), line...))
	w.bytes += len(line)
	w.signal()
	return len(line), nil
}

// Dropped returns how many lines were dropped and not yet told of.
func (w *Writer) Dropped() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Close waits until everything is written, but no longer than a time given, and drops what comes
// after it.
func (w *Writer) Close(atMost time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.signal()
	w.mu.Unlock()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
	}
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // it has been woken and not looked yet
	}
}

func (w *Writer) drain() {
	defer close(w.done)
	for range w.wake {
		for {
			line, closed := w.next()
			if line == nil && closed {
				return
			}
			if line == nil {
				break
			}
			_, _ = w.to.Write(line) // a log has nowhere to tell that it is gone
		}
	}
}

// next takes the line whose turn it is, nil for none. What was dropped came after everything that
// waits.
func (w *Writer) next() (line []byte, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) > 0 {
		line = w.waiting[0]
		w.waiting = w.waiting[1:]
		w.bytes -= len(line)
		return line, w.closed
	}
	if w.dropped > 0 {
		line = fmt.Appendf(nil, "%d lines of the log were dropped: nothing took them in time\n", w.dropped)
		w.dropped = 0
	}
	return line, w.closed
}
