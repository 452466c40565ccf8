// Package outbound has what everything that calls out has in common: which addresses it may reach,
// how it connects, when it doubts a connection that was kept (stale.go), when and how often it
// tries again (retry.go), and what of an error may be told.
package outbound

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// Errors of ParseURL. A connection has ErrLinkLocal, too, where it is a name that leads there.
var (
	ErrURL       = errors.New("not an https:// or http:// URL without credentials")
	ErrPlain     = errors.New("http:// leads to loopback only, unless MSGEXT_HTTP_ALLOW_PLAIN is true: it is for names within your own network")
	ErrLinkLocal = errors.New("link-local and metadata addresses are refused")
)

// ErrAnswer stands for an answer that could not be understood. What it was is not told.
var ErrAnswer = errors.New("answer is not HTTP")

const maxHeaderBytes = 64 << 10 // of an answer

// Options configure a transport.
type Options struct {
	// AllowLinkLocal lets it reach link-local and cloud metadata addresses. Behind a proxy it is
	// the proxy that resolves names, and it that must refuse.
	AllowLinkLocal bool

	// TLS has the roots and other settings of connections; nil for the system's.
	TLS *tls.Config

	// IdleTimeout is how long an unused connection is kept. net/http compares it by wall time
	// when it takes a connection up again, so it also holds across a freeze.
	IdleTimeout time.Duration

	// MaxIdle is how many unused connections are kept.
	MaxIdle int

	// Resolver looks names up; the system's when nil.
	Resolver *net.Resolver
}

// NewTransport returns a transport that speaks HTTP/1.1 only: there a request has its connection to
// itself, so that one that died unnoticed ends with the request that found out. It asks for no
// compression, and undoes none. The environment's proxy settings count.
func NewTransport(options Options) *http.Transport {
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

// Describe keeps of an error what does not repeat the answer, which net/http's errors quote. What
// it does not know is ErrAnswer; also names errors of the caller's own that it shall keep.
func Describe(err error, also ...error) error {
	if network, ok := errors.AsType[net.Error](err); ok { // *net.OpError with addresses, timeouts
		return network
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return untrusted
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
