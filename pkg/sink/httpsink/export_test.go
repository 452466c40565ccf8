package httpsink

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// NewWithResolver returns a Sink that uses another resolver, and no proxy, whatever the
// environment.
func NewWithResolver(options Options, resolver *net.Resolver) (*Sink, error) {
	options.resolver = resolver
	s, err := New(options)
	if err == nil {
		s.transport.HTTP.Proxy = nil
	}
	return s, err
}

// SetDial sets the function that makes connections. Call it before the first Send.
func (s *Sink) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.transport.HTTP.DialContext = dial
}

// Clock sets the clock by which connections count as idle; pass moves it on. Call it before the
// first Send.
func (s *Sink) Clock() (pass func(time.Duration)) {
	var ahead atomic.Int64
	s.transport.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	return func(d time.Duration) { ahead.Add(int64(d)) }
}

// IdleTimeout returns how long an unused connection is kept.
func (s *Sink) IdleTimeout() time.Duration { return s.transport.HTTP.IdleConnTimeout }
