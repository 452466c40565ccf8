// Package stdoutsink writes events to a stream, one JSON line each: for a first look, for
// pipes, and for platforms that collect a function's output.
package stdoutsink

import (
	"context"
	"fmt"
	"io"
	"sync"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

// Sink writes lines. It is safe for concurrent use; lines never run into each other.
type Sink struct {
	mu     sync.Mutex
	w      io.Writer
	torn   bool // the last line lacks its end
	closed bool
}

var _ sink.Immediate = (*Sink)(nil)

// New returns a Sink that writes to w, which must not buffer: what Write has taken counts as
// accepted.
func New(w io.Writer) *Sink { return &Sink{w: w} }

// Name returns "stdout".
func (s *Sink) Name() string { return "stdout" }

// Immediate marks a sink that accepts without leaving the process.
func (s *Sink) Immediate() {}

// Send writes the event in one Write. A line that could not be written whole is an error, and ended
// before the next one, so that it harms no other. Nothing can be told of a stream that nobody reads: Write
// then waits, whatever the context says.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stdoutsink: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return sink.ErrClosed
	}
	line := make([]byte, 0, len("\n")+len(event.JSON())+len("\n"))
	if s.torn {
		line = append(line, '\n')
	}
	line = append(append(line, event.JSON()...), '\n')
	n, err := s.w.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		s.torn = n < len(line)
	}
	if err != nil {
		return fmt.Errorf("stdoutsink: %w", err)
	}
	return nil
}

// Close makes Send fail; it does not close the stream, which is not the sink's.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
