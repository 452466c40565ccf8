package httpsink

import (
	"context"
	"net"
)

// NewWithResolver returns a Sink that looks names up elsewhere, and that directly, whatever the environment's proxy.
func NewWithResolver(options Options, resolver *net.Resolver) (*Sink, error) {
	options.resolver = resolver
	s, err := New(options)
	if err == nil {
		s.transport.Proxy = nil
	}
	return s, err
}

// SetDial has connections made by another function, before the first Send.
func (s *Sink) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.transport.DialContext = dial
}
