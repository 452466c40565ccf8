package httpsink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

const (
	maxTries   = 5
	firstPause = 40 * time.Millisecond // doubled with each try, so 600 ms in all
)

// Send posts the event, again after a jittered pause where the answer was 429, 5xx or none at all, as
// long as the context allows; a Retry-After that does not fit into it is not waited for. An
// endpoint that answers 413 to a repaired event gets its marker.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	return sink.SendOrMarker(ctx, event, s.send)
}

func (s *Sink) send(ctx context.Context, event cloudevent.Event) error {
	if s.closed.Load() {
		return sink.ErrClosed
	}
	var before error
	pause := firstPause
	for try := 1; ; try++ {
		wait, err := s.post(ctx, event)
		if err == nil {
			return nil
		}
		status, answered := errors.AsType[*StatusError](err)
		switch {
		case answered && status.Status == http.StatusRequestEntityTooLarge:
			return &sink.TooLargeError{Sink: s.Name(), Size: len(event.JSON())} // it does not tell its limit
		case !answered && ctx.Err() != nil:
			return ended(ctx, before)
		case try == maxTries || !retryable(err):
			return err
		}
		before = err
		if wait == 0 {
			wait = pause/2 + rand.N(pause/2)
		}
		pause *= 2
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ended(ctx, before)
		}
	}
}

// ended is the error of a context that is done, with what went wrong before that.
func ended(ctx context.Context, before error) error {
	if before == nil {
		return fmt.Errorf("httpsink: %w", ctx.Err())
	}
	return fmt.Errorf("httpsink: %w after: %w", ctx.Err(), before)
}

// retryAfter returns how long the receiver asks to be left alone, 0 where it does not say. It says so in
// seconds or by a date (RFC 9110, section 10.2.3).
func (s *Sink) retryAfter(header http.Header) time.Duration {
	const forever = 1 << 30 // seconds; more does not fit
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(seconds, forever)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(s.now()))
	}
	return 0
}
