package outbound_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
)

// peer is an HTTP server in a synctest bubble. It can be slow, and its open connections can die
// unnoticed.
type peer struct {
	slow     atomic.Int64 // how long an answer takes, in nanoseconds
	arriving chan net.Conn
	stopped  chan struct{}
	mu       sync.Mutex
	conns    []*mute
	held     chan struct{}  // receives once a request to /held has arrived; it is answered after a send
	together sync.WaitGroup // requests that wait for each other, so that each has a connection
	dials    atomic.Int64
	second   chan struct{} // the second dial ends once it is closed; nil for at once
}

// mute is the server's side of a connection. Once it is dead, nothing that arrives is read.
type mute struct {
	net.Conn
	dead   atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (m *mute) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	for err == nil && m.dead.Load() {
		n, err = m.Conn.Read(p)
	}
	if err != nil {
		m.once.Do(func() { close(m.closed) })
	}
	return n, err
}

// bubble runs a test with a peer and a Transport to it. The Transport's clock is moved by the test;
// all other time is the bubble's, which passes at once.
func bubble(t *testing.T, test func(*testing.T, *peer, *outbound.Transport, *outbound.Clock)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &peer{arriving: make(chan net.Conn), stopped: make(chan struct{}), held: make(chan struct{})}
		server := &http.Server{Handler: p}
		go func() { _ = server.Serve(p) }()
		inner := outbound.HTTPTransport(outbound.Options{IdleTimeout: outbound.IdleTimeout, MaxIdle: 16})
		inner.Proxy, inner.DialContext = nil, p.dial
		transport, clock := outbound.NewTransportWithClock(inner)
		test(t, p, transport, clock)
		transport.CloseIdleConnections()
		assert.NoError(t, server.Close())
	})
}

// ServeHTTP implements http.Handler.
func (p *peer) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/held" {
		p.held <- struct{}{}
		<-p.held
	}
	if r.URL.Path == "/together" {
		p.together.Done()
		p.together.Wait()
	}
	select {
	case <-time.After(time.Duration(p.slow.Load())):
	case <-r.Context().Done():
	}
}

// Accept implements net.Listener.
func (p *peer) Accept() (net.Conn, error) {
	select {
	case conn := <-p.arriving:
		m := &mute{Conn: conn, closed: make(chan struct{})}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.conns = append(p.conns, m)
		return m, nil
	case <-p.stopped:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *peer) Close() error {
	close(p.stopped)
	return nil
}

// Addr implements net.Listener.
func (p *peer) Addr() net.Addr { return new(net.TCPAddr) }

func (p *peer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if p.dials.Add(1) == 2 && p.second != nil {
		<-p.second
		// The request that asked for this connection will have got another one.
		ctx = context.WithoutCancel(ctx)
	}
	here, there := net.Pipe()
	select {
	case p.arriving <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// die makes all open connections dead.
func (p *peer) die() {
	for _, m := range p.standing() {
		m.dead.Store(true)
	}
}

func (p *peer) standing() []*mute {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.conns)
}

func (p *peer) connections() int { return len(p.standing()) }

// fill opens n connections, which are idle afterwards.
func (p *peer) fill(t *testing.T, transport *outbound.Transport, n int) {
	t.Helper()
	p.together.Add(n)
	var requests sync.WaitGroup
	for range n {
		requests.Go(func() { assert.NoError(t, p.get(t, transport, "/together", 20*time.Second)) })
	}
	requests.Wait()
	require.Equal(t, n, p.connections())
}

func (p *peer) get(t *testing.T, transport *outbound.Transport, path string, budget time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://h"+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	return response.Body.Close()
}

// However many connections died in a frozen sandbox, only one request waits for it: it closes all
// of them, and the next request is answered on a new connection.
func TestTransport_OneRequestFindsAllThatDied(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 8)
		p.die()
		clock.Pass(outbound.SuspectAfter)
		assert.ErrorIs(t, p.get(t, transport, "/", 400*time.Millisecond), outbound.ErrStale)
		for _, m := range p.standing() {
			<-m.closed
		}
		assert.NoError(t, p.get(t, transport, "/", 20*time.Second))
		assert.Equal(t, 9, p.connections())
	})
}

// A connection that answered within the last second may be slow. It gets all of the request's time,
// and no connection is closed.
func TestTransport_ASlowServerIsNotSuspect(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 4)
		clock.Pass(outbound.SuspectAfter - time.Millisecond)
		p.slow.Store(int64(200 * time.Millisecond))
		err := p.get(t, transport, "/", 100*time.Millisecond)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.NotErrorIs(t, err, outbound.ErrStale)
		p.slow.Store(0)
		p.together.Add(3)
		var requests sync.WaitGroup
		for range 3 {
			requests.Go(func() { assert.NoError(t, p.get(t, transport, "/together", 20*time.Second)) })
		}
		requests.Wait()
		assert.Equal(t, 4, p.connections(), "the other three still stand")
	})
}

// A request whose answer takes long is not harmed by another one that finds its connection dead.
func TestTransport_ClosesNoneThatARequestWaitsOn(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 3)
		clock.Pass(outbound.SuspectAfter)
		waits := make(chan error)
		go func() { waits <- p.get(t, transport, "/held", time.Minute) }()
		<-p.held
		p.die() // what arrives from now on is swallowed
		assert.ErrorIs(t, p.get(t, transport, "/", 400*time.Millisecond), outbound.ErrStale)
		p.held <- struct{}{}
		assert.NoError(t, <-waits)
		assert.Equal(t, 3, p.connections(), "none was opened for it")
	})
}

// Only those connections are closed that were idle at least as long as the one without an answer.
func TestTransport_KeepsWhatAnsweredSince(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 2)
		p.die()
		clock.Pass(outbound.SuspectAfter)
		assert.ErrorIs(t, p.get(t, transport, "/", 200*time.Millisecond), outbound.ErrStale)
		assert.NoError(t, p.get(t, transport, "/", 20*time.Second), "a third connection")
		assert.NoError(t, p.get(t, transport, "/", 20*time.Second))
		assert.Equal(t, 3, p.connections())
	})
}

// The connection that is found dead was idle for longer than another one, which stays.
func TestTransport_ClosesNoneThatAnsweredLater(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 2)
		waits := make(chan error)
		go func() { waits <- p.get(t, transport, "/held", time.Minute) }()
		<-p.held
		clock.Pass(10 * time.Second)
		require.NoError(t, p.get(t, transport, "/", 20*time.Second), "the other one")
		clock.Pass(-10 * time.Second)
		p.held <- struct{}{}
		require.NoError(t, <-waits)
		clock.Pass(outbound.SuspectAfter)
		p.die()
		// net/http takes the connection that was put back last.
		assert.ErrorIs(t, p.get(t, transport, "/", 200*time.Millisecond), outbound.ErrStale)
		err := p.get(t, transport, "/", 100*time.Millisecond)
		assert.ErrorIs(t, err, context.DeadlineExceeded, "the other one, which counts as slow")
		assert.NotErrorIs(t, err, outbound.ErrStale)
		assert.Equal(t, 2, p.connections())
	})
}

// A suspect connection that answers stays in use. A request without a deadline suspects nothing.
func TestTransport_ASuspectConnectionMayAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 1)
		clock.Pass(20 * time.Second)
		assert.NoError(t, p.get(t, transport, "/", 20*time.Second))
		clock.Pass(20 * time.Second)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://h/", http.NoBody)
		require.NoError(t, err)
		response, err := transport.Do(request)
		require.NoError(t, err)
		assert.NoError(t, response.Body.Close())
		assert.Equal(t, 1, p.connections())
	})
}

// With the retries around it, a delivery after a freeze is late by half of its budget at most.
func TestTransport_ADeliveryAfterAFreezeArrives(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 16)
		p.die()
		clock.Pass(29 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		tries := 0
		assert.NoError(t, outbound.Delivery().Do(ctx, func(ctx context.Context) error {
			tries++
			deadline, _ := ctx.Deadline()
			if err := p.get(t, transport, "/", time.Until(deadline)); err != nil {
				return outbound.Again(err, 0)
			}
			return nil
		}))
		assert.Equal(t, 2, tries)
		assert.Equal(t, 17, p.connections())
	})
}

func TestTransport_ForgetsWhatIsNoLongerKept(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.fill(t, transport, 8)
		assert.Equal(t, 8, transport.Known())
		clock.Pass(outbound.IdleTimeout + time.Second)
		assert.NoError(t, p.get(t, transport, "/", 20*time.Second))
		assert.Equal(t, 1, transport.Known())
	})
}

// net/http keeps a connection that it opened for a request that then got another one. Such a
// connection is closed with the others.
func TestTransport_KnowsAConnectionThatWasNeverUsed(t *testing.T) {
	bubble(t, func(t *testing.T, p *peer, transport *outbound.Transport, clock *outbound.Clock) {
		p.second = make(chan struct{})
		p.fill(t, transport, 1)
		// The second request waits for a dial while the first connection is in use. It then gets
		// the first connection, which is free sooner.
		p.slow.Store(int64(50 * time.Millisecond))
		var requests sync.WaitGroup
		for range 2 {
			requests.Go(func() { assert.NoError(t, p.get(t, transport, "/", 20*time.Second)) })
		}
		requests.Wait()
		p.slow.Store(0)
		close(p.second)
		synctest.Wait()
		require.Equal(t, 2, p.connections())
		require.Equal(t, 2, transport.Known())

		p.die()
		clock.Pass(outbound.SuspectAfter)
		assert.ErrorIs(t, p.get(t, transport, "/", 400*time.Millisecond), outbound.ErrStale)
		for _, m := range p.standing() {
			<-m.closed
		}
		assert.NoError(t, p.get(t, transport, "/", 20*time.Second))
		assert.Equal(t, 3, p.connections())
	})
}

// The monotonic clock may stand still while a sandbox is frozen, so idle time is not measured by
// it.
func TestClocks_AreWallClocks(t *testing.T) {
	for name, now := range map[string]func() time.Time{
		"a pinger": outbound.NewPinger(nil).Now, "a transport": outbound.NewTransport(new(http.Transport)).Now,
	} {
		at := now()
		assert.True(t, at == at.Round(0), "%s: %s has a monotonic reading", name, at)
	}
}

// A connection that was idle for IdleTimeout is not used again.
func TestTransport_AnIdleConnectionIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialled := 0
		transport := outbound.HTTPTransport(outbound.Options{IdleTimeout: outbound.IdleTimeout, MaxIdle: 16})
		transport.Proxy = nil
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			dialled++
			client, server := net.Pipe()
			go answer(server)
			return client, nil
		}
		careful := outbound.NewTransport(transport)
		for _, step := range []struct {
			idle    time.Duration
			dialled int
		}{{0, 1}, {outbound.IdleTimeout - time.Second, 1}, {outbound.IdleTimeout + time.Second, 2}, {time.Hour, 3}} {
			time.Sleep(step.idle) // the bubble's time, which passes at once
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
			require.NoError(t, err)
			response, err := careful.RoundTrip(request)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, step.dialled, dialled, "idle for %s", step.idle)
		}
		careful.CloseIdleConnections()
	})
}

// answer answers every request on a connection.
func answer(conn net.Conn) {
	requests := bufio.NewReader(conn)
	for {
		if _, err := http.ReadRequest(requests); err != nil {
			_ = conn.Close()
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}
