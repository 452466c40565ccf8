package relay

import (
	"context"
	"net"
	"time"
)

// NewWithResolver returns a Relay that uses another resolver, and no proxy, whatever the
// environment.
func NewWithResolver(options Options, resolver *net.Resolver) (*Relay, error) {
	options.resolver = resolver
	r, err := New(options)
	if err == nil {
		r.transport.Proxy = nil
	}
	return r, err
}

// SetDial sets the function that makes connections. Call it before the first Do.
func (r *Relay) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	r.transport.DialContext = dial
}

// IdleTimeout returns how long an unused connection is kept.
func (r *Relay) IdleTimeout() time.Duration { return r.transport.IdleConnTimeout }
