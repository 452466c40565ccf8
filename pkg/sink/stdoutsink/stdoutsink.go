// Package stdoutsink writes events to a stream, one JSON line each. It is for trying things out,
// for pipes, and for platforms that collect a function's output.
//
// It is for programs that build a receiver or a repairer with this destination. Its API is v0:
// it may change with any release.
package stdoutsink

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

// Sink writes lines. It is safe for concurrent use, and lines never mix.
type Sink struct {
	w      io.Writer
	turn   chan struct{} // holds one token; the writer takes it
	torn   bool          // the last line is incomplete; guarded by the token
	line   []byte        // the last line, whose memory the next one takes; guarded by the token
	closed atomic.Bool
}

var _ sink.Sink = (*Sink)(nil)

// New returns a Sink that writes to w. w must not buffer, because what Write has taken counts as
// accepted.
func New(w io.Writer) *Sink {
	s := &Sink{w: w, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Name returns "stdout".
func (s *Sink) Name() string { return "stdout" }

// Send writes the event in one Write. A line that was not written completely is an error. It is
// ended before the next line, so that it does not damage that one. A Write that blocks does so
// whatever its context says. Other calls wait for their turn no longer than their own contexts.
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
	s.line = slices.Grow(s.line[:0], len("\n")+len(event.JSON())+len("\n"))
	if s.torn {
		s.line = append(s.line, '\n')
	}
	s.line = append(append(s.line, event.JSON()...), '\n')
	n, err := s.w.Write(s.line)
	if err == nil && n < len(s.line) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		s.torn = n < len(s.line)
	}
	if err != nil {
		return fmt.Errorf("stdoutsink: %w", err)
	}
	return nil
}

// Close makes Send fail. It does not close the stream, because the caller owns it.
func (s *Sink) Close() error {
	s.closed.Store(true)
	return nil
}
