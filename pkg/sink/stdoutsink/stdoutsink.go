// Package stdoutsink writes events to a stream, one JSON line each: for a first look, for
// pipes, and for platforms that collect a function's output.
package stdoutsink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

// ErrClosed is Send's error after Close.
var ErrClosed = errors.New("stdoutsink: closed")

// Sink writes lines. It is safe for concurrent use; lines never run into each other.
type Sink struct {
	mu     sync.Mutex
	w      io.Writer
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

// Send writes the event in one Write.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	line := append(append(make([]byte, 0, len(event.JSON())+1), event.JSON()...), '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if _, err := s.w.Write(line); err != nil {
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
