// Package httpsink posts events to an HTTPS endpoint: one CloudEvent in the structured mode a
// request (CloudEvents HTTP protocol binding 1.0.2), signed as Standard Webhooks
// (github.com/standard-webhooks/standard-webhooks, spec 1.0.0) where a secret is set.
//
// 2xx alone is delivered. A redirect is a failure, and never followed: it would take the event
// elsewhere. The environment's proxy settings count (HTTPS_PROXY, NO_PROXY), as they do for the AWS
// sinks.
//
// It is for programs that build a receiver or a repairer with this destination. Its API is v0: it
// may change with any release.
package httpsink

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
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
	ErrPlain     = outbound.ErrPlain
	ErrHeader    = outbound.ErrHeader
	ErrSecret    = errors.New("httpsink: not a Standard Webhooks secret of 24 bytes or more; this makes one: echo whsec_$(openssl rand -base64 32)")
	ErrLinkLocal = outbound.ErrLinkLocal
)

// Header is one that each request gets.
type Header struct {
	Name  string
	Value secret.String
}

// CheckHeader says whether New takes a header, where configuration wants to know before it has a
// URL. Its error is ErrHeader, with the rule and never the value.
func CheckHeader(h Header) error {
	return outbound.CheckHeader(h.Name, h.Value.Reveal(), "Content-Type", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature")
}

// Options configure a Sink. URL must be set.
type Options struct {
	// URL is where events go. Its path and query may be secret, and are never logged.
	URL secret.String

	// Secrets sign each request; several while one replaces another. Without any, requests go
	// unsigned. The specification asks for 24 to 64 random bytes; New takes no fewer.
	Secrets []secret.String

	// Headers are added to each request, such as the receiver's Authorization.
	Headers []Header

	// AllowLinkLocal lets requests reach link-local and cloud metadata addresses, which are refused
	// otherwise, whatever name leads to them. Private addresses are allowed: in a VPC they are
	// where receivers are. Behind a proxy it is the proxy that resolves names, and it that must
	// refuse.
	AllowLinkLocal bool

	// AllowPlain lets requests go to any host by http://, not to loopback alone: for names within
	// one's own network. Events, headers and signatures can then be read on the way.
	AllowPlain bool

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
	header    http.Header
	transport *outbound.Transport
	now       func() time.Time
	closed    atomic.Bool
}

var _ sink.Sink = (*Sink)(nil)

const maxIdle = 16 // connections

// New returns a Sink. It does no I/O. Its errors are ErrURL, ErrPlain, ErrLinkLocal, ErrSecret and
// ErrHeader.
func New(options Options) (*Sink, error) {
	target, err := outbound.ParseURL(options.URL.Reveal(), outbound.Allow{LinkLocal: options.AllowLinkLocal, Plain: options.AllowPlain})
	if err != nil {
		return nil, err
	}
	keys, err := decodeSecrets(options.Secrets)
	if err != nil {
		return nil, err
	}
	header := make(http.Header, len(options.Headers))
	for _, h := range options.Headers {
		if err := CheckHeader(h); err != nil {
			return nil, err
		}
		header.Add(h.Name, h.Value.Reveal())
	}
	transport := outbound.NewTransport(outbound.Options{
		AllowLinkLocal: options.AllowLinkLocal, TLS: options.TLS,
		IdleTimeout: outbound.IdleTimeout, MaxIdle: maxIdle, Resolver: options.resolver,
	})
	s := &Sink{url: target, keys: keys, header: header, now: options.Now, transport: outbound.Doubting(transport)}
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
