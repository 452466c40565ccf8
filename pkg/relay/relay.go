// Package relay passes a webhook that is not ours on to the app's own backend, and returns the
// backend's answer. It is for a receiver that took the place of the backend: Chat has one URL for
// all commands (trtc.io/document/34520), and takes the answer to a "before" command as a decision.
//
// A request that may have reached the backend is never sent twice, a redirect is never followed,
// and nothing is compressed or decompressed on the way. The package does not check who may call.
//
// Its API is v0: it may change with any release.
package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Errors of New.
var (
	ErrURL       = outbound.ErrURL
	ErrLinkLocal = outbound.ErrLinkLocal
	ErrPlain     = outbound.ErrPlain
	ErrHeader    = outbound.ErrHeader
)

// Errors of Do. ErrNoAnswer includes the cause, without addresses of the request.
var (
	ErrNoAnswer = errors.New("relay: no complete answer")
	ErrRedirect = errors.New("relay: the backend redirects")
	ErrTooLarge = errors.New("relay: the answer is over 64 KiB")
	ErrSkipped  = errors.New("relay: not tried, the backend failed five times in a row")
	ErrLoop     = errors.New("relay: passed on too often, in a circle perhaps")
	ErrQuery    = errors.New("relay: the query cannot stand in a request line")
)

const (
	// MaxAnswerBytes limits a backend's answer. Chat needs some 60 bytes of it.
	MaxAnswerBytes = 64 << 10

	// idleTimeout is how long an unused connection is kept for reuse, by the wall clock. Common
	// servers close theirs after 5 s (Node.js, server.keepAliveTimeout), and a request needs time
	// to get there.
	idleTimeout = 4 * time.Second

	maxIdle = 64
)

// Options configure a Relay. URL must be set.
type Options struct {
	// URL is the backend's. It may have a query of its own, which comes before that of the request.
	// It may contain secrets and is never logged.
	URL secret.String

	// Headers are added to each request.
	Headers []Header

	// AllowLinkLocal allows requests to link-local and cloud metadata addresses, AllowPlain http://
	// to any host, as for the https:// sinks.
	AllowLinkLocal, AllowPlain bool

	// TLS has the root certificates and other settings of connections. The system's are used when
	// it is nil.
	TLS *tls.Config

	// Now is the clock of the pause after failures; time.Now when nil.
	Now func() time.Time

	resolver *net.Resolver // the system's when nil
}

// Relay passes requests on to one backend. It is safe for concurrent use.
type Relay struct {
	url       *url.URL
	header    http.Header
	transport *http.Transport
	circuit   circuit
}

// New returns a Relay. It does no I/O. Its errors are ErrURL, ErrPlain, ErrLinkLocal and ErrHeader.
func New(options Options) (*Relay, error) {
	target, err := outbound.ParseURL(options.URL.Reveal(), outbound.Allow{LinkLocal: options.AllowLinkLocal, Plain: options.AllowPlain})
	if err != nil {
		return nil, err
	}
	header := make(http.Header, len(options.Headers))
	for _, h := range options.Headers {
		if err := h.check(); err != nil {
			return nil, err
		}
		header.Add(h.Name, h.Value.Reveal())
	}
	r := &Relay{url: target, header: header, transport: outbound.HTTPTransport(outbound.Options{
		AllowLinkLocal: options.AllowLinkLocal, TLS: options.TLS,
		IdleTimeout: idleTimeout, MaxIdle: maxIdle, Resolver: options.resolver,
	})}
	r.circuit.now = options.Now
	if r.circuit.now == nil {
		r.circuit.now = time.Now
	}
	return r, nil
}

// Close closes idle connections.
func (r *Relay) Close() error {
	r.transport.CloseIdleConnections()
	return nil
}

// Request is the request to pass on. It is sent as a POST.
type Request struct {
	RawQuery string      // byte for byte
	Header   http.Header // as received; this package chooses what is passed on
	Body     []byte      // byte for byte; it must never be changed, not even after Do

	// Brief says that the context ends early because nobody waits for the answer. Reaching its
	// deadline then does not count as a failure of the backend.
	Brief bool
}

// Answer is a backend's complete answer.
type Answer struct {
	Status int         // 2xx, 4xx or 5xx
	Header http.Header // Content-Type and Content-Encoding, if sent
	Body   []byte
}

// Do passes a request on, once, and returns the answer if all of it came before ctx is done. Its
// errors are ErrNoAnswer, ErrRedirect, ErrTooLarge, ErrSkipped, ErrLoop and ErrQuery.
func (r *Relay) Do(ctx context.Context, request Request) (answer Answer, err error) {
	outgoing, err := r.outgoing(ctx, request)
	if err != nil {
		return Answer{}, err
	}
	if ctx.Err() != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrNoAnswer, ctx.Err())
	}
	allowed, trial := r.circuit.enter()
	if !allowed {
		return Answer{}, ErrSkipped
	}
	result := failed // also after a panic
	defer func() { r.circuit.leave(trial, result) }()
	answer, err = r.exchange(outgoing)
	switch {
	case err == nil:
		result = succeeded
	case request.Brief && ctx.Err() != nil:
		result = unknown
	}
	return answer, err
}

// outgoing makes the request to the backend. It sets no GetBody, because with one net/http may send
// a POST again.
func (r *Relay) outgoing(ctx context.Context, request Request) (*http.Request, error) {
	hops, err := nextHop(request.Header)
	if err != nil {
		return nil, err
	}
	if !fitsRequestLine(request.RawQuery) {
		return nil, ErrQuery
	}
	target := *r.url
	switch {
	case target.RawQuery == "":
		target.RawQuery = request.RawQuery
	case request.RawQuery != "":
		target.RawQuery += "&" + request.RawQuery
	}
	outgoing := &http.Request{
		Method: http.MethodPost, URL: &target, Host: target.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.outgoingHeader(request.Header, hops),
		Body:   http.NoBody, ContentLength: int64(len(request.Body)),
	}
	if len(request.Body) > 0 {
		outgoing.Body = io.NopCloser(bytes.NewReader(request.Body))
	}
	return outgoing.WithContext(ctx), nil
}

// fitsRequestLine reports whether a query has neither spaces nor control characters, which would
// end the request's target early.
func fitsRequestLine(query string) bool {
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// exchange makes the one request.
func (r *Relay) exchange(request *http.Request) (Answer, error) {
	response, err := r.transport.RoundTrip(request) // not by a Client, which would follow redirects
	if err != nil {
		if request.Context().Err() == nil {
			r.transport.CloseIdleConnections() // the others are probably dead, too
		}
		return Answer{}, noAnswer(err)
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return Answer{}, ErrRedirect
	case response.StatusCode < 200 || response.StatusCode > 599:
		return Answer{}, noAnswer(outbound.ErrAnswer)
	case response.ContentLength > MaxAnswerBytes:
		return Answer{}, ErrTooLarge
	}
	answer := Answer{Status: response.StatusCode, Header: answerHeader(response.Header)}
	if answer.Body, err = readAnswer(response); err != nil {
		return Answer{}, err
	}
	return answer, nil
}

// readAnswer reads all of an answer's body.
func readAnswer(response *http.Response) ([]byte, error) {
	const usual = 512
	size := response.ContentLength
	if size < 0 {
		size = usual
	}
	body := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := body.ReadFrom(io.LimitReader(response.Body, MaxAnswerBytes+1))
	switch {
	case err != nil:
		return nil, noAnswer(err)
	case body.Len() > MaxAnswerBytes:
		return nil, ErrTooLarge
	}
	return body.Bytes(), nil
}

// noAnswer removes from an error everything that may repeat the answer or the request.
func noAnswer(err error) error {
	return fmt.Errorf("%w: %w", ErrNoAnswer, outbound.Describe(err, context.DeadlineExceeded, context.Canceled))
}
