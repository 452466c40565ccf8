package pgstate_test

import (
	"bufio"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/statetest"
)

// For a host other than loopback, a URL without sslmode allows no second try in clear text. A URL
// with sslmode is followed.
func TestOpen_ClearTextOnlyInSoManyWords(t *testing.T) {
	for _, test := range []struct {
		url   string
		plain bool
	}{
		{"postgres://u@h/d", false}, {"postgresql://u:p@203.0.113.7:5432/d?application_name=a", false}, {"postgres://u@127.0.0.1,h/d", true}, {"postgres://u@h,i/d", false},
		{"postgres://u@h/d?sslmode=require", false}, {"postgres://u@h/d?sslmode=prefer", true}, {"postgres://u@h/d?sslmode=disable", true}, {"postgres://u@h/d?sslmode=allow", true},
		{"postgres://u@127.0.0.1/d", true}, {"postgres://u@localhost/d", true}, {"postgres://u@[::1]/d", true}, {"postgres:///d?host=/var/run/postgresql", true},
	} {
		plain, err := pgstate.ClearText(secret.String(test.url))
		require.NoError(t, err, test.url)
		assert.Equal(t, test.plain, plain, test.url)
	}
}

// A server without TLS gives its own error, and no error names user, database or address.
func TestStore_ErrorsNameNoAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).Discard(8) // SSLRequest
			_, _ = conn.Write([]byte("N"))
			_ = conn.Close()
		}
	}()
	for url, want := range map[string]string{
		"postgres://planted:secret@" + listener.Addr().String() + "/planted?sslmode=require": "the server has no TLS; sslmode=disable in the URL says",
		"postgres://planted:secret@127.0.0.1:1/planted?sslmode=disable":                      "connection refused",
	} {
		store := open(t, url)
		_, err := store.Load(t.Context(), statetest.NewMessage())
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "127.0.0.1")
		assert.NotContains(t, err.Error(), "planted")
		require.NoError(t, store.Close())
	}
}
