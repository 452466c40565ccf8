// Package logqueue queues log lines, so that a log that nobody reads does not block the process.
package logqueue

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// maxBytes bounds the waiting lines. A line has about 300 bytes.
const maxBytes = 1 << 20

// Writer passes lines to another writer, in order, with one Write for each line. It never waits for
// the other writer. While too many bytes wait, further lines are dropped and counted. The count is
// written once the other writer accepts something again. It is safe for concurrent use.
type Writer struct {
	to io.Writer

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	dropped int
	closed  bool
	wake    chan struct{} // holds a token while there may be something to write
	done    chan struct{} // closed once everything is written after Close
}

// New returns a Writer that writes to another. Close it after use.
func New(to io.Writer) *Writer {
	w := &Writer{to: to, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.drain()
	return w
}

// Write queues a line or drops it. It never fails.
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

// Dropped returns how many lines were dropped and are not yet reported.
func (w *Writer) Dropped() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Close waits until everything is written, but not longer than atMost. Lines written later are
// dropped.
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
	default: // a token is there already
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
			_, _ = w.to.Write(line) // there is no place to report that the log failed
		}
	}
}

// next returns the next line to write, or nil for none. The report of dropped lines comes last,
// because they came after all waiting lines.
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
