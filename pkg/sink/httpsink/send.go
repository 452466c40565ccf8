package httpsink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"msgext/internal/outbound"
	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

// Send posts the event. If the answer was 429, 5xx or none at all, it tries again after a random
// pause, as long as the context allows. It does not wait for a Retry-After that ends after the
// context. If an endpoint answers 413 to a repaired event, Send sends the event's marker.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	return sink.SendOrMarker(ctx, event, s.send)
}

func (s *Sink) send(ctx context.Context, event cloudevent.Event) error {
	if s.closed.Load() {
		return sink.ErrClosed
	}
	err := outbound.Delivery().Do(ctx, func(ctx context.Context) error {
		wait, err := s.post(ctx, event)
		status, answered := errors.AsType[*StatusError](err)
		switch {
		case err == nil:
			return nil
		case answered && status.Status == http.StatusRequestEntityTooLarge:
			// The endpoint does not tell its limit.
			return &sink.TooLargeError{Size: len(event.JSON())}
		case !answered && ctx.Err() != nil:
			return ctx.Err()
		case !retryable(err):
			return err
		}
		return outbound.Again(err, wait)
	})
	if done := ctx.Err(); done != nil && errors.Is(err, done) {
		return fmt.Errorf("httpsink: %w", err)
	}
	return err
}

// retryAfter returns how long the receiver asks us to wait, 0 if it does not say. The header has
// seconds or a date (RFC 9110, section 10.2.3).
func (s *Sink) retryAfter(header http.Header) time.Duration {
	const forever = 1 << 30 // seconds; more would overflow
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(seconds, forever)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(s.now()))
	}
	return 0
}
