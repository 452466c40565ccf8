package httpsink

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"time"

	"msgext/pkg/cloudevent"
)

const (
	// An answer's body is read only so that its connection can be used again. It is closed
	// where that would take more than this.
	maxAnswerBytes = 64 << 10
	maxAnswerTime  = 50 * time.Millisecond
)

// errStale ends a try on a reused connection that answers too slowly.
var errStale = errors.New("no answer on a reused connection")

// post makes one request. wait is how long the receiver asks to be left alone, 0 where it does not say.
func (s *Sink) post(ctx context.Context, event cloudevent.Event) (wait time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, stop := leaveStale(ctx, cancel)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(event.JSON()))
	if err != nil {
		return 0, ErrURL
	}
	request.Header.Set("Content-Type", cloudevent.ContentType)
	request.Header.Set("User-Agent", "msgext")
	s.sign(request.Header, event)
	response, err := s.transport.RoundTrip(request) // a Client would look at redirects
	if err != nil {
		s.transport.CloseIdleConnections() // those that died with this one
		if context.Cause(ctx) == errStale {
			err = errStale
		}
		return 0, describe(err)
	}
	drain(response.Body, cancel)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return s.retryAfter(response.Header), &StatusError{response.StatusCode}
	}
	return 0, nil
}

// leaveStale gives a request on a reused connection half of the time that is left: one that died unnoticed
// while the sandbox was frozen takes the request and never answers, and the next try opens a new one.
func leaveStale(ctx context.Context, cancel context.CancelCauseFunc) (traced context.Context, stop func()) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	stale := time.AfterFunc(math.MaxInt64, func() { cancel(errStale) }) // not yet
	traced = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if stale.Stop(); info.Reused {
			stale.Reset(time.Until(deadline) / 2)
		}
	}})
	return traced, func() { stale.Stop() }
}

// drain reads the rest of an answer so that its connection can be used again.
func drain(body io.ReadCloser, cancel context.CancelCauseFunc) {
	if body != http.NoBody {
		late := time.AfterFunc(maxAnswerTime, func() { cancel(nil) })
		_, _ = io.Copy(io.Discard, io.LimitReader(body, maxAnswerBytes))
		late.Stop()
	}
	_ = body.Close()
}
