package httpsink

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// NewWithResolver returns a Sink that looks names up elsewhere, and that directly, whatever the
// environment's proxy.
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

// Clock has connections doubted by a clock that pass moves on, from before the first Send.
func (s *Sink) Clock() (pass func(time.Duration)) {
	var ahead atomic.Int64
	s.transport.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	return func(d time.Duration) { ahead.Add(int64(d)) }
}
