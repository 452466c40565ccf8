package relay

import (
	"context"
	"net"
)

// NewWithResolver returns a Relay that looks names up elsewhere, and that directly, whatever the
// environment's proxy.
func NewWithResolver(options Options, resolver *net.Resolver) (*Relay, error) {
	options.resolver = resolver
	r, err := New(options)
	if err == nil {
		r.transport.Proxy = nil
	}
	return r, err
}

// SetDial has connections made by another function, before the first Do.
func (r *Relay) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	r.transport.DialContext = dial
}
