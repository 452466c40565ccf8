package httpsink

import (
	"context"
	"net"
	"time"
)

// NewWithResolver returns a Sink that looks names up elsewhere, and that directly, whatever the environment's proxy.
func NewWithResolver(options Options, resolver *net.Resolver) (*Sink, error) {
	options.resolver = resolver
	s, err := New(options)
	if err == nil {
		s.transport.HTTP.Proxy = nil
	}
	return s, err
}

// SetDial has connections made by another function, before the first Send.
func (s *Sink) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.transport.HTTP.DialContext = dial
}

// Pass makes all that stands idle for longer, before the next Send.
func (s *Sink) Pass(d time.Duration) {
	now := s.transport.Now
	s.transport.Now = func() time.Time { return now().Add(d) }
}
