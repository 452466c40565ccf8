// Package httpsink posts events to an HTTPS endpoint: one CloudEvent in the structured mode a
// request (CloudEvents HTTP protocol binding 1.0.2), signed as Standard Webhooks
// (github.com/standard-webhooks/standard-webhooks, spec 1.0.0) where a secret is set.
//
// 2xx alone is delivered. A redirect is a failure, and never followed: it would take the event elsewhere. The
// environment's proxy settings count (HTTPS_PROXY, NO_PROXY), as they do for the AWS sinks.
//
// It is for programs that build a receiver or a repairer with this destination. Its API is v0:
// it may change with any release.
package httpsink

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
)

// Errors of New. Send has ErrLinkLocal, too, where it is a name that leads there.
var (
	ErrURL       = outbound.ErrURL
	ErrSecret    = errors.New("httpsink: not a Standard Webhooks secret, whsec_ and base64")
	ErrLinkLocal = outbound.ErrLinkLocal
)

// Options configure a Sink. URL must be set.
type Options struct {
	// URL is where events go. Its path and query may be secret, and are never logged.
	URL secret.String

	// Secrets sign each request; several while one replaces another. Without any, requests go unsigned.
	// The specification asks for 24 to 64 random bytes; New takes what the receiver has.
	Secrets []secret.String

	// AllowLinkLocal lets requests reach link-local and cloud metadata addresses, which are refused
	// otherwise, whatever name leads to them. Private addresses are allowed: in a VPC they are where receivers are.
	// Behind a proxy it is the proxy that resolves names, and it that must refuse.
	AllowLinkLocal bool

	// TLS has the roots and other settings of connections; nil for the system's.
	TLS *tls.Config

	// Now is the clock of the signature and of Retry-After; time.Now when nil.
	Now func() time.Time

	resolver *net.Resolver // the system's when nil
}

// Sink posts to one URL. It is safe for concurrent use.
type Sink struct {
	url       *url.URL
	keys      [][]byte
	transport *outbound.Transport
	now       func() time.Time
	closed    atomic.Bool
}

var _ sink.Sink = (*Sink)(nil)

const maxIdle = 16 // connections

// New returns a Sink. It does no I/O. Its errors are ErrURL, ErrSecret and ErrLinkLocal.
func New(options Options) (*Sink, error) {
	target, err := outbound.ParseURL(options.URL.Reveal(), options.AllowLinkLocal)
	if err != nil {
		return nil, err
	}
	keys, err := decodeSecrets(options.Secrets)
	if err != nil {
		return nil, err
	}
	transport := outbound.NewTransport(outbound.Options{
		AllowLinkLocal: options.AllowLinkLocal, TLS: options.TLS,
		IdleTimeout: outbound.IdleTimeout, MaxIdle: maxIdle, Resolver: options.resolver,
	})
	s := &Sink{url: target, keys: keys, now: options.Now, transport: outbound.Doubting(transport)}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Name returns the URL's scheme and host.
func (s *Sink) Name() string { return s.url.Scheme + "://" + s.url.Host }

// Close closes idle connections and makes Send fail.
func (s *Sink) Close() error {
	s.closed.Store(true)
	s.transport.CloseIdleConnections()
	return nil
}
