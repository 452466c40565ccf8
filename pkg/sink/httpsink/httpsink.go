// Package httpsink posts events to an HTTPS endpoint, one CloudEvent in structured mode per request
// (CloudEvents HTTP protocol binding 1.0.2). If a secret is set, requests are signed as Standard
// Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0.0).
//
// Only 2xx counts as delivered. A redirect is a failure and is never followed, because it would
// send the event to another place. The environment's proxy settings (HTTPS_PROXY, NO_PROXY) apply,
// as they do for the AWS sinks.
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

// Errors of New. Send returns ErrLinkLocal, too, for a name that resolves to such an address.
var (
	ErrURL       = outbound.ErrURL
	ErrPlain     = outbound.ErrPlain
	ErrHeader    = outbound.ErrHeader
	ErrSecret    = errors.New("httpsink: not a Standard Webhooks secret of 24 bytes or more; this makes one: echo whsec_$(openssl rand -base64 32)")
	ErrLinkLocal = outbound.ErrLinkLocal
)

// Header is a header that is added to each request.
type Header struct {
	Name  string
	Value secret.String
}

// CheckHeader reports whether New accepts a header. It is for checking configuration before the URL
// is known. Its error is ErrHeader, with the rule and never the value.
func CheckHeader(h Header) error {
	return outbound.CheckHeader(h.Name, h.Value.Reveal(), "Content-Type", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature")
}

// Options configure a Sink. URL must be set.
type Options struct {
	// URL is where events go. Its path and query may be secret and are never logged.
	URL secret.String

	// Secrets sign each request. There may be several while one replaces another. Without any,
	// requests are unsigned. The specification asks for 24 to 64 random bytes, and New accepts no
	// shorter secret.
	Secrets []secret.String

	// Headers are added to each request, such as the receiver's Authorization.
	Headers []Header

	// AllowLinkLocal allows requests to link-local and cloud metadata addresses, which are refused
	// otherwise, whatever name resolves to them. Private addresses are always allowed, because
	// receivers in a VPC have them. Behind a proxy, the proxy resolves names and must do the
	// refusing.
	AllowLinkLocal bool

	// AllowPlain allows http:// to any host, not only to loopback. It is for names within your own
	// network. Events, headers and signatures can then be read on the way.
	AllowPlain bool

	// TLS has the root certificates and other settings of connections. The system's are used when
	// it is nil.
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
	transport := outbound.HTTPTransport(outbound.Options{
		AllowLinkLocal: options.AllowLinkLocal, TLS: options.TLS,
		IdleTimeout: outbound.IdleTimeout, MaxIdle: maxIdle, Resolver: options.resolver,
	})
	s := &Sink{url: target, keys: keys, header: header, now: options.Now, transport: outbound.NewTransport(transport)}
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
