package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// The rules for a connection that was kept. It may have died without a word, while a function's
// sandbox was frozen or behind a NAT: it then takes a request and never answers. The times are by
// the wall clock, which goes on while a sandbox is frozen; the monotonic one may not.
//
//   - One that answered within the last second and is now slow is slow, not dead. No pool is ever closed
//     because a server is slow: its new connections would be as slow, and come on top.
//   - One that was idle for DoubtAfter or longer is doubted. Where the protocol has a ping (PostgreSQL, MySQL,
//     Redis), it is pinged, and silence for PingTimeout closes it and all others that are doubted by then. HTTP
//     has none: a request gets half of the time it has left there (Transport), and the next
//     try a new connection.
//   - One that was idle for IdleTimeout is not used again.
//
// A connection that its server has closed costs one try: everything that is sent may arrive twice.
const (
	DoubtAfter  = time.Second
	PingTimeout = 300 * time.Millisecond
	IdleTimeout = 30 * time.Second
)

// ErrStale is the error of a request on a doubted connection that gave no answer.
var ErrStale = errors.New("no answer on a connection that was idle")

// Transport is an http.RoundTripper that doubts connections that were idle. It follows no redirect,
// and is also what AWS's SDK takes as a client. It is safe for concurrent use.
type Transport struct {
	HTTP *http.Transport  // not to be changed once it is used
	Now  func() time.Time // the wall clock; nor this

	mu    sync.Mutex
	known map[net.Conn]*kept // without TLS around it
}

// kept is what is known of a connection.
type kept struct {
	answered time.Time // when it last did, or was opened, by the wall clock
	users    int       // requests that wait for an answer on it
}

// Doubting returns a Transport that makes its requests through t. It has a part in how t dials:
// net/http may open a connection for a request that then gets another, and keeps it unused.
func Doubting(t *http.Transport) *Transport {
	doubting := &Transport{
		HTTP: t, known: make(map[net.Conn]*kept),
		Now: func() time.Time { return time.Now().Round(0) }, // without the monotonic reading
	}
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			doubting.opened(conn)
		}
		return conn, err
	}
	return doubting
}

func (t *Transport) opened(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetClosed()
	t.known[conn] = &kept{answered: t.Now()}
}

// forgetClosed drops what net/http has closed by now.
func (t *Transport) forgetClosed() {
	now := t.Now()
	for conn, k := range t.known {
		if k.users == 0 && now.Sub(k.answered) > IdleTimeout {
			delete(t.known, conn)
		}
	}
}

// withoutTLS returns a connection without TLS around it.
func withoutTLS(conn net.Conn) net.Conn {
	if secured, ok := conn.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return conn
}

// Do is RoundTrip under the name that an aws.HTTPClient has it.
func (t *Transport) Do(request *http.Request) (*http.Response, error) { return t.RoundTrip(request) }

// CloseIdleConnections closes the connections that no request uses.
func (t *Transport) CloseIdleConnections() { t.HTTP.CloseIdleConnections() }

// RoundTrip implements http.RoundTripper. Its error is ErrStale where a doubted connection did not
// answer in half of the time that the request's context has left; such a connection, and all others
// that were doubted then, are closed.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	use := &use{transport: t}
	use.late = time.AfterFunc(math.MaxInt64, func() { cancel(ErrStale) }) // not yet
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		use.got(ctx, info)
	}})
	response, err := t.HTTP.RoundTrip(request.WithContext(traced))
	use.late.Stop()
	if err != nil {
		silent := context.Cause(ctx) == ErrStale
		cancel(nil)
		use.failed(silent)
		if silent {
			err = ErrStale
		}
		return nil, err
	}
	use.answered()
	response.Body = &body{response.Body, cancel}
	return response, nil
}

// body ends its request's context once nobody reads on.
type body struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// use is one request on the connection that it got. net/http may get it another where the first
// turns out to be closed.
type use struct {
	transport *Transport
	late      *time.Timer

	mu      sync.Mutex
	conn    net.Conn
	doubted time.Time // where the connection is: what has not answered since then was doubted with it
}

func (u *use) got(ctx context.Context, info httptrace.GotConnInfo) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.late.Stop()
	t := u.transport
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(u.conn)
	u.conn, u.doubted = withoutTLS(info.Conn), time.Time{}
	k, known := t.known[u.conn]
	if !known {
		k = &kept{answered: t.Now()}
		t.known[u.conn] = k
	}
	k.users++
	since := t.Now().Add(-DoubtAfter)
	if !info.Reused || k.answered.After(since) {
		return
	}
	u.doubted = since
	if deadline, ok := ctx.Deadline(); ok {
		u.late.Reset(time.Until(deadline) / 2)
	}
}

// answered notes that the connection lives.
func (u *use) answered() {
	u.mu.Lock()
	defer u.mu.Unlock()
	t := u.transport
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := t.known[u.conn]; k != nil {
		k.users--
		k.answered = t.Now()
	}
	t.forgetClosed()
}

// failed closes what died with a doubted connection.
func (u *use) failed(silent bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	t := u.transport
	t.mu.Lock()
	defer t.mu.Unlock()
	if silent && u.conn != nil {
		_ = u.conn.Close() // HTTP/2 would go on with it
	}
	t.forget(u.conn)
	if u.doubted.IsZero() {
		return
	}
	for conn, k := range t.known {
		if k.users == 0 && !k.answered.After(u.doubted) {
			_ = conn.Close()
			delete(t.known, conn)
		}
	}
}

// forget drops a connection that a request is done with, and did not get an answer on.
func (t *Transport) forget(conn net.Conn) {
	if k := t.known[conn]; k != nil {
		if k.users--; k.users <= 0 {
			delete(t.known, conn)
		}
	}
}
