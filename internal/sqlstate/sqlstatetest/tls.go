package sqlstatetest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	neturl "net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// Negotiate begins a connection as a server with this TLS does, or without TLS where secure is nil.
// It returns the client's connection for all that follows.
type Negotiate func(client, server net.Conn, secure *tls.Config) (net.Conn, error)

// TLSCase is a URL's options, and what becomes of a call with them.
type TLSCase struct {
	Name    string
	Options string // CA stands for the authority's file
	// Host is in the URL. NotLoopback if empty.
	Host string
	// Server is the address in the server's certificate: the URL's host if empty. NoTLS is a server
	// without TLS.
	Server string
	Want   error  // nil if the call succeeds
	Says   string // what the error says
}

const (
	// NotLoopback is this machine by an address that is none of its own, so that a store takes it for
	// another machine's.
	NotLoopback = "0.0.0.0"
	// NoTLS is the Server of a case in which there is no TLS.
	NoTLS = "none"
)

// RunTLS tests which servers a store talks to. url is that of a database with the schema. Of a
// refused server no case may reach the database, not even with a user's name.
func RunTLS(t *testing.T, url string, open func(secret.String) (state.Store, error), negotiate Negotiate, cases []TLSCase) {
	database, err := neturl.Parse(url)
	require.NoError(t, err)
	authority := NewAuthority(t)
	for _, test := range cases {
		t.Run(test.Name, func(t *testing.T) {
			if test.Host == "" {
				test.Host = NotLoopback
			}
			if test.Server == "" {
				test.Server = test.Host
			}
			var secure *tls.Config
			if test.Server != NoTLS {
				secure = authority.Server(t, test.Server)
			}
			port, received := proxy(t, database.Host, func(client, server net.Conn) (net.Conn, error) { return negotiate(client, server, secure) })
			at := *database
			at.Host = net.JoinHostPort(test.Host, port)
			at.RawQuery = strings.ReplaceAll(test.Options, "CA", neturl.QueryEscape(authority.File))
			store, err := open(secret.String(at.String()))
			require.NoError(t, err)
			// A store that does not speak as the server does would wait.
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err = store.Load(ctx, statetest.NewMessage())
			require.NoError(t, store.Close())
			if test.Want == nil {
				require.ErrorIs(t, err, state.ErrNotFound)
				return
			}
			require.ErrorIs(t, err, test.Want)
			assert.ErrorContains(t, err, test.Says)
			for _, private := range []string{test.Host, port, database.User.Username() + "@"} {
				assert.NotContains(t, err.Error(), private)
			}
			assert.Zero(t, received(), "bytes sent to a server that must not be trusted")
		})
	}
}

// proxy listens on loopback, and copies each connection to and from a server after its beginning.
// received ends it, and returns how many bytes the server has got after the beginning.
func proxy(t *testing.T, server string, begin func(client, server net.Conn) (net.Conn, error)) (port string, received func() int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var relays sync.WaitGroup
	var count atomic.Int64
	stop := sync.OnceFunc(func() {
		assert.NoError(t, listener.Close())
		relays.Wait()
	})
	t.Cleanup(stop)
	relay := func(client net.Conn) {
		defer func() { _ = client.Close() }()
		backend, err := net.Dial("tcp", server)
		if !assert.NoError(t, err) {
			return
		}
		defer func() { _ = backend.Close() }()
		agreed, err := begin(client, backend)
		if err != nil {
			return // the client does not trust the server
		}
		relays.Go(func() {
			_, _ = io.Copy(agreed, backend)
			_ = client.Close()
		})
		_, _ = io.Copy(io.MultiWriter(backend, counter{&count}), agreed)
	}
	relays.Go(func() {
		for {
			client, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if assert.NoError(t, err) {
				relays.Go(func() { relay(client) })
			}
		}
	})
	_, port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port, func() int64 {
		stop()
		return count.Load()
	}
}

type counter struct{ count *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.count.Add(int64(len(b)))
	return len(b), nil
}
