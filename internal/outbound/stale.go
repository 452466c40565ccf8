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

// The rules for an idle connection. It may have died unnoticed, while a function's sandbox was
// frozen or behind a NAT. It then takes a request and never answers. Times are by the wall clock,
// which goes on while a sandbox is frozen. The monotonic clock may stop there.
//
//   - A connection that answered within the last second is slow, not dead. No pool is ever closed
//     because a server is slow: the new connections would be as slow, and would be added load.
//   - A connection that was idle for SuspectAfter or longer is suspect. Where the protocol has a
//     ping (PostgreSQL, MySQL, Redis), it is pinged. If no answer comes within PingTimeout, it and all
//     others that are suspect by then are closed. HTTP has no ping: a request on a suspect
//     connection gets half of its remaining time there (Transport), and the next try gets a new
//     connection.
//   - A connection that was idle for IdleTimeout is not used again.
//
// A connection that its server has closed costs one try. So everything that is sent may arrive
// twice.
const (
	SuspectAfter = time.Second
	PingTimeout  = 300 * time.Millisecond
	IdleTimeout  = 30 * time.Second
)

// ErrStale is the error of a request on a suspect connection that did not answer.
var ErrStale = errors.New("no answer on a connection that was idle")

// Transport is an http.RoundTripper that suspects idle connections to be dead. It follows no
// redirect, and AWS's SDK takes it as a client. It is safe for concurrent use.
type Transport struct {
	HTTP *http.Transport  // not to be changed once it is used
	Now  func() time.Time // the wall clock; not to be changed once it is used

	mu    sync.Mutex
	known map[net.Conn]*kept // by the connection without TLS around it
}

// kept is what is known of a connection.
type kept struct {
	answered time.Time // when it last answered, or was opened, by the wall clock
	users    int       // requests that wait for its answer
}

// NewTransport returns a Transport that makes its requests through t. It changes how t dials,
// because net/http may open a connection for one request, give that request another one, and keep
// the new one unused.
func NewTransport(t *http.Transport) *Transport {
	transport := &Transport{
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
			transport.opened(conn)
		}
		return conn, err
	}
	return transport
}

func (t *Transport) opened(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetClosed()
	t.known[conn] = &kept{answered: t.Now()}
}

// forgetClosed drops the connections that net/http has closed.
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

// CloseIdleConnections closes the connections that no request uses.
func (t *Transport) CloseIdleConnections() { t.HTTP.CloseIdleConnections() }

// RoundTrip implements http.RoundTripper. Its error is ErrStale where a suspect connection did not
// answer within half of the time that the request's context has left. That connection and all
// others that were suspect then are closed.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	use := &use{transport: t}
	// Started later, once the request has a suspect connection.
	use.late = time.AfterFunc(math.MaxInt64, func() { cancel(ErrStale) })
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

// body ends its request's context once the body is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// use is one request and the connection that it got. net/http may give it another connection where
// the first turns out to be closed.
type use struct {
	transport *Transport
	late      *time.Timer

	mu   sync.Mutex
	conn net.Conn
	// Zero unless the connection is suspect; then all that have not answered since are suspect
	// too.
	suspectSince time.Time
}

func (u *use) got(ctx context.Context, info httptrace.GotConnInfo) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.late.Stop()
	t := u.transport
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(u.conn)
	u.conn, u.suspectSince = withoutTLS(info.Conn), time.Time{}
	k, known := t.known[u.conn]
	if !known {
		k = &kept{answered: t.Now()}
		t.known[u.conn] = k
	}
	k.users++
	since := t.Now().Add(-SuspectAfter)
	if !info.Reused || k.answered.After(since) {
		return
	}
	u.suspectSince = since
	if deadline, ok := ctx.Deadline(); ok {
		u.late.Reset(time.Until(deadline) / 2)
	}
}

// answered notes that the connection answered.
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

// failed closes the connections that died together with a suspect one.
func (u *use) failed(silent bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	t := u.transport
	t.mu.Lock()
	defer t.mu.Unlock()
	if silent && u.conn != nil {
		_ = u.conn.Close() // HTTP/2 would keep using it
	}
	t.forget(u.conn)
	if u.suspectSince.IsZero() {
		return
	}
	for conn, k := range t.known {
		if k.users == 0 && !k.answered.After(u.suspectSince) {
			_ = conn.Close()
			delete(t.known, conn)
		}
	}
}

// forget drops a connection that gave no answer, once no request uses it.
func (t *Transport) forget(conn net.Conn) {
	if k := t.known[conn]; k != nil {
		if k.users--; k.users <= 0 {
			delete(t.known, conn)
		}
	}
}
