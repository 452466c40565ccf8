// Package outbound holds what all outgoing calls share: which addresses they may reach, how they
// connect, when they suspect an idle connection to be dead (stale.go), when and how often they try
// again (retry.go), and which part of an error may be logged.
package outbound

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// Errors of ParseURL. Connecting returns ErrLinkLocal as well, where a name resolves to such an
// address.
var (
	ErrURL       = errors.New("not an https:// or http:// URL without credentials")
	ErrPort      = errors.New("the port of a URL is a number from 1 to 65535, and a colon that no port follows is left out")
	ErrPlain     = errors.New("http:// leads to loopback only, unless MSGEXT_HTTP_ALLOW_PLAIN is true: it is for names within your own network")
	ErrLinkLocal = errors.New("link-local and metadata addresses are refused")
)

// ErrAnswer stands for an answer that could not be parsed. The answer itself is not logged.
var ErrAnswer = errors.New("answer is not HTTP")

const maxHeaderBytes = 64 << 10 // of an answer

// Options configure a transport.
type Options struct {
	// AllowLinkLocal allows link-local and cloud metadata addresses. Behind a proxy it has no
	// effect: there the proxy resolves names, and the proxy must refuse.
	AllowLinkLocal bool

	// TLS has the roots and other settings of connections; nil for the system's defaults.
	TLS *tls.Config

	// IdleTimeout is how long an unused connection is kept. net/http compares it by wall time when
	// it reuses a connection, so it also works after a function was frozen.
	IdleTimeout time.Duration

	// MaxIdle is how many unused connections are kept.
	MaxIdle int

	// Resolver resolves names; nil for the system's resolver.
	Resolver *net.Resolver
}

// HTTPTransport returns a transport that speaks HTTP/1.1 only. There a request has its connection
// to itself, so that a dead connection harms only the request that finds it dead. It neither asks
// for compression nor undoes any. The proxy settings of the environment apply.
func HTTPTransport(options Options) *http.Transport {
	dialer := &net.Dialer{Resolver: options.Resolver}
	if !options.AllowLinkLocal {
		dialer.ControlContext = refuseLinkLocal
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        options.TLS.Clone(),
		Protocols:              protocols,
		IdleConnTimeout:        options.IdleTimeout,
		MaxIdleConnsPerHost:    options.MaxIdle,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
	}
}

// Describe returns the part of an error that repeats neither the answer, which net/http's errors
// quote, nor where it comes from. An error that it does not know becomes ErrAnswer. also lists
// errors of the caller that it keeps.
func Describe(err error, also ...error) error {
	if network, ok := errors.AsType[net.Error](err); ok { // *net.OpError, timeouts
		return WithoutAddress(network)
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return WithoutAddress(untrusted)
	}
	if plain, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return plain
	}
	for _, known := range append(also, io.EOF, io.ErrUnexpectedEOF) {
		if errors.Is(err, known) {
			return known
		}
	}
	return ErrAnswer
}
