// Package stdoutsink writes events to a stream, one JSON line each: for a first look, for
// pipes, and for platforms that collect a function's output.
//
// It is for programs that build a receiver or a repairer with this destination. Its API is v0:
// it may change with any release.
package stdoutsink

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

// Sink writes lines. It is safe for concurrent use; lines never run into each other.
type Sink struct {
	w      io.Writer
	turn   chan struct{} // holds one token, for whoever writes
	torn   bool          // the last line lacks its end; under the token
	closed atomic.Bool
}

var _ sink.Sink = (*Sink)(nil)

// New returns a Sink that writes to w, which must not buffer: what Write has taken counts as
// accepted.
func New(w io.Writer) *Sink {
	s := &Sink{w: w, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Name returns "stdout".
func (s *Sink) Name() string { return "stdout" }

// Send writes the event in one Write. A line that could not be written whole is an error, and ended
// before the next one, so that it harms no other. A Write that waits for a reader does so whatever
// its context says; the others wait for their turn no longer than theirs.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stdoutsink: %w", err)
	}
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
		return fmt.Errorf("stdoutsink: the stream takes nothing: %w", ctx.Err())
	}
	if s.closed.Load() {
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
	s.closed.Store(true)
	return nil
}
