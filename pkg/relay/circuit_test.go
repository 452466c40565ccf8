package relay_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/relaytest"
	"msgext/pkg/relay"
)

// pipes is a network within the process, for synctest bubbles.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.close.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bubble runs a test in a synctest bubble, with a backend and a relay to it.
func bubble(t *testing.T, test func(*testing.T, *relaytest.Backend, *relay.Relay)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		backend := relaytest.NewBackend(p)
		r, err := relay.New(relay.Options{URL: "http://127.0.0.1/"})
		require.NoError(t, err)
		r.SetDial(p.dial)
		test(t, backend, r)
		require.NoError(t, r.Close())
		backend.Stop()
	})
}

func do(t *testing.T, r *relay.Relay, brief bool) error {
	t.Helper()
	timeout := 1500 * time.Millisecond
	if brief {
		timeout = 500 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	_, err := r.Do(ctx, relay.Request{Body: []byte("body"), Brief: brief})
	return err
}

func TestRelay_KeepsAConnectionForLessThanFiveSeconds(t *testing.T) {
	bubble(t, func(t *testing.T, backend *relaytest.Backend, r *relay.Relay) {
		for _, idle := range []time.Duration{0, 3900 * time.Millisecond, 5 * time.Second} {
			time.Sleep(idle)
			require.NoError(t, do(t, r, false))
		}
		seen := backend.Requests()
		require.Len(t, seen, 3)
		assert.Equal(t, []int{1, 1, 2}, []int{seen[0].Connection, seen[1].Connection, seen[2].Connection})
	})
}

// When a kept connection breaks, the request on it fails and is not sent again. The next request
// opens a new connection.
func TestRelay_KeptConnectionDies(t *testing.T) {
	for name, end := range map[string]relaytest.End{"closed": relaytest.Close, "silent": relaytest.Hang} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, backend *relaytest.Backend, r *relay.Relay) {
				require.NoError(t, do(t, r, false))
				backend.Answer(relaytest.Answer{End: end})
				require.ErrorIs(t, do(t, r, false), relay.ErrNoAnswer)
				backend.Answer(relaytest.OK)
				require.NoError(t, do(t, r, false))
				seen := backend.Requests()
				require.Len(t, seen, 3, "none is sent twice")
				assert.Equal(t, []int{1, 1, 2}, []int{seen[0].Connection, seen[1].Connection, seen[2].Connection})
			})
		})
	}
}

func TestRelay_Circuit(t *testing.T) {
	silent := relaytest.Answer{End: relaytest.Hang}
	bubble(t, func(t *testing.T, backend *relaytest.Backend, r *relay.Relay) {
		backend.Answer(silent)
		for range 5 {
			require.ErrorIs(t, do(t, r, false), relay.ErrNoAnswer)
		}
		for range 100 {
			began := time.Now()
			require.ErrorIs(t, do(t, r, false), relay.ErrSkipped)
			require.Zero(t, time.Since(began), "at once")
		}
		require.Len(t, backend.Requests(), 5)

		time.Sleep(time.Second)
		trying := make(chan error)
		go func() { trying <- do(t, r, false) }()
		synctest.Wait()
		require.ErrorIs(t, do(t, r, false), relay.ErrSkipped, "one at a time")
		require.ErrorIs(t, <-trying, relay.ErrNoAnswer)
		require.ErrorIs(t, do(t, r, false), relay.ErrSkipped, "a second counts from its end")
		time.Sleep(999 * time.Millisecond)
		require.ErrorIs(t, do(t, r, false), relay.ErrSkipped)
		require.Len(t, backend.Requests(), 1)

		time.Sleep(time.Millisecond)
		backend.Answer(relaytest.OK)
		require.NoError(t, do(t, r, false), "well again")
		backend.Answer(silent)
		for range 5 {
			require.ErrorIs(t, do(t, r, false), relay.ErrNoAnswer, "and counted anew")
		}
		require.ErrorIs(t, do(t, r, false), relay.ErrSkipped)
	})
}

// What counts as a failure of the backend, and what does not.
func TestRelay_WhatOpensTheCircuit(t *testing.T) {
	tests := []struct {
		name   string
		answer relaytest.Answer
		brief  bool
		opens  bool
	}{
		{"redirects", relaytest.Answer{Wire: "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n"}, false, true},
		{"too large", relaytest.Answer{Wire: "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", End: relaytest.Hang}, false, true},
		{"closed", relaytest.Answer{End: relaytest.Close}, false, true},
		{"closed on an after-command", relaytest.Answer{End: relaytest.Close}, true, true},
		{"an after-command's time is up", relaytest.Answer{End: relaytest.Hang}, true, false},
		{"500 is an answer", relaytest.Answer{Wire: "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"}, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, backend *relaytest.Backend, r *relay.Relay) {
				backend.Answer(test.answer)
				for range 20 {
					_ = do(t, r, test.brief) // the test checks the circuit
				}
				backend.Answer(relaytest.OK)
				if test.opens {
					require.ErrorIs(t, do(t, r, false), relay.ErrSkipped)
				} else {
					require.NoError(t, do(t, r, false))
				}
			})
		})
	}
}

// A success resets the count of failures. A request that was never sent does not count.
func TestRelay_WhatDoesNotCount(t *testing.T) {
	bubble(t, func(t *testing.T, backend *relaytest.Backend, r *relay.Relay) {
		for i := range 20 {
			backend.Answer(relaytest.Answer{End: relaytest.Close})
			if i%5 == 4 {
				backend.Answer(relaytest.OK)
			}
			require.NotErrorIs(t, do(t, r, false), relay.ErrSkipped)
		}
		backend.Requests()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for range 10 {
			_, err := r.Do(over, relay.Request{})
			require.ErrorIs(t, err, context.Canceled)
			_, err = r.Do(t.Context(), relay.Request{RawQuery: " "})
			require.ErrorIs(t, err, relay.ErrQuery)
			_, err = r.Do(t.Context(), relay.Request{Header: http.Header{relay.HopsHeader: {"7"}}})
			require.ErrorIs(t, err, relay.ErrLoop)
		}
		require.Empty(t, backend.Requests())
		require.NoError(t, do(t, r, false))
	})
}

// A trial that ends early because it is an after-command leaves the circuit open. The next trial is
// allowed a second later.
func TestRelay_TryOfAnAfterCommand(t *testing.T) {
	bubble(t, func(t *testing.T, backend *relaytest.Backend, r *relay.Relay) {
		backend.Answer(relaytest.Answer{End: relaytest.Hang})
		for range 5 {
			require.ErrorIs(t, do(t, r, false), relay.ErrNoAnswer)
		}
		time.Sleep(time.Second)
		require.ErrorIs(t, do(t, r, true), relay.ErrNoAnswer)
		require.ErrorIs(t, do(t, r, true), relay.ErrSkipped)
		time.Sleep(time.Second)
		backend.Answer(relaytest.OK)
		require.NoError(t, do(t, r, true))
		require.NoError(t, do(t, r, false))
	})
}
