package httpsink

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"time"

	"msgext/pkg/cloudevent"
)

const (
	// An answer's body is read only so that its connection can be used again. If it is longer than
	// this, the connection is closed instead.
	maxAnswerBytes = 64 << 10
	maxAnswerTime  = 50 * time.Millisecond
)

// post makes one request. wait is how long the receiver asks us to wait before the next try, 0 if
// it does not say.
func (s *Sink) post(ctx context.Context, event cloudevent.Event) (wait time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(event.JSON()))
	if err != nil {
		return 0, ErrURL
	}
	request.Header.Set("User-Agent", "msgext")
	maps.Copy(request.Header, s.header)
	request.Header.Set("Content-Type", cloudevent.ContentType)
	s.sign(request.Header, event)
	response, err := s.transport.RoundTrip(request) // not by a Client, which would handle redirects
	if err != nil {
		return 0, describe(err)
	}
	drain(response.Body, cancel)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return s.retryAfter(response.Header), &StatusError{response.StatusCode}
	}
	return 0, nil
}

// drain reads the rest of an answer so that its connection can be used again.
func drain(body io.ReadCloser, cancel context.CancelFunc) {
	if body != http.NoBody {
		late := time.AfterFunc(maxAnswerTime, cancel)
		_, _ = io.Copy(io.Discard, io.LimitReader(body, maxAnswerBytes))
		late.Stop()
	}
	_ = body.Close()
}
