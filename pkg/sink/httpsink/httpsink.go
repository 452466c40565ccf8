// Package httpsink posts events to an HTTPS endpoint: one CloudEvent in the structured mode a
// request (CloudEvents HTTP protocol binding 1.0.2), signed as Standard Webhooks
// (github.com/standard-webhooks/standard-webhooks, spec 1.0.0) where a secret is set.
//
// 2xx alone is delivered. A redirect is a failure, and never followed: it would take the event elsewhere. The
// environment's proxy settings count (HTTPS_PROXY, NO_PROXY).
package httpsink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
)

// Errors.
var (
	ErrURL    = errors.New("httpsink: not an https:// URL without credentials (http:// only to loopback)")
	ErrSecret = errors.New("httpsink: not a Standard Webhooks secret, whsec_ and base64")
)

// StatusError is an answer other than 2xx. What the answer said is not kept: it may repeat the event.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return "httpsink: answered " + strconv.Itoa(e.Status) }

// Options configure a Sink. URL must be set.
type Options struct {
	// URL is where events go. Its path and query may be secret, and are never logged.
	URL secret.String

	// Secrets sign each request; several while one replaces another. Without any, requests go unsigned.
	Secrets []secret.String

	// AllowLinkLocal lets requests reach link-local and cloud metadata addresses, which are refused
	// otherwise, whatever name leads to them. Private addresses are allowed: in a VPC they are where receivers are.
	AllowLinkLocal bool

	// RootCAs and other settings of TLS; nil for the system's.
	Transport *http.Transport

	// Now is the clock of the signature; time.Now when nil.
	Now func() time.Time
}

// Sink posts to one URL. It is safe for concurrent use.
type Sink struct {
	url    *url.URL
	keys   [][]byte
	client *http.Client
	now    func() time.Time
	closed atomic.Bool
}

var _ sink.Sink = (*Sink)(nil)

// New returns a Sink. It does no I/O. Its errors are ErrURL and ErrSecret.
func New(options Options) (*Sink, error) {
	target, err := parseURL(options.URL.Reveal())
	if err != nil {
		return nil, err
	}
	keys, err := decodeSecrets(options.Secrets)
	if err != nil {
		return nil, err
	}
	transport := options.Transport
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport)
	}
	transport = transport.Clone()
	if !options.AllowLinkLocal {
		dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, ControlContext: refuseLinkLocal}
		transport.DialContext = dialer.DialContext
	}
	now := options.Now
	if now == nil {
		now = time.Now
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Sink{url: target, keys: keys, client: client, now: now}, nil
}

// Name returns the URL's scheme and host.
func (s *Sink) Name() string { return s.url.Scheme + "://" + s.url.Host }

// Close closes idle connections and makes Send fail.
func (s *Sink) Close() error {
	s.closed.Store(true)
	s.client.CloseIdleConnections()
	return nil
}

const (
	firstPause = 25 * time.Millisecond
	maxPause   = 400 * time.Millisecond
	maxTries   = 5

	// maxAnswer is how much of an answer is read to keep its connection; a longer one is closed.
	maxAnswer = 64 << 10
)

// Send posts the event, again after a jittered pause where the answer was 429, 5xx or none at all,
// as long as the context allows.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	pause := firstPause
	for try := 1; ; try++ {
		if s.closed.Load() {
			return sink.ErrClosed
		}
		wait, err := s.post(ctx, event)
		if err == nil || !retryable(err) || try == maxTries {
			return err
		}
		if wait == 0 {
			wait = pause/2 + rand.N(pause/2)
			pause = min(2*pause, maxPause)
		}
		if !sleep(ctx, wait) {
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// post makes one request. wait is how long the receiver asks to be left alone, 0 where it does not say.
func (s *Sink) post(ctx context.Context, event cloudevent.Event) (wait time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(event.JSON()))
	if err != nil {
		return 0, ErrURL
	}
	request.Header.Set("Content-Type", cloudevent.ContentType)
	request.Header.Set("User-Agent", "msgext")
	s.sign(request.Header, event)
	response, err := s.client.Do(request)
	if err != nil {
		var failure *url.Error // its text has the whole URL
		if errors.As(err, &failure) {
			err = failure.Err
		}
		return 0, fmt.Errorf("httpsink: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // only so that the connection can be used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return retryAfter(response.Header), &StatusError{response.StatusCode}
	}
	return 0, nil
}

// retryable reports whether another try may succeed: a receiver that says it cannot just now, or
// no answer. What is refused here, before it is sent, stays refused.
func retryable(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Status == http.StatusTooManyRequests || status.Status >= 500
	}
	return !errors.Is(err, ErrLinkLocal) && !errors.Is(err, ErrURL) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// retryAfter reads Retry-After in its form of seconds.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// sleep waits and reports whether the context allowed it; a wait past its deadline is not begun.
func sleep(ctx context.Context, wait time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
