package pgstate_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
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
	plain, err := pgstate.ClearText("postgres://u:sslmode=@h/d")
	require.NoError(t, err)
	assert.False(t, plain, "a password is no option")

	t.Setenv("PGSSLMODE", "disable")
	_, err = pgstate.ClearText("postgres://u:plant@h/d")
	require.ErrorIs(t, err, pgstate.ErrURL)
	require.ErrorContains(t, err, "write sslmode into the URL")
	plain, err = pgstate.ClearText("postgres://u@h/d?sslmode=require")
	require.NoError(t, err)
	assert.False(t, plain, "the URL decides")
	_, err = pgstate.ClearText("postgres://u@127.0.0.1/d")
	require.NoError(t, err, "loopback is clear text anyway")
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

// A server on another machine must have TLS, unless the URL has another sslmode. As with every
// client of PostgreSQL, its certificate is verified when the URL says so. Each refusal says what to
// write.
func TestStore_TLS(t *testing.T) {
	url, _ := schema(t)
	open := func(url secret.String) (state.Store, error) { return pgstate.Open(t.Context(), url) }
	noTLS, untrusted := pgstate.ErrNoTLS, pgstate.ErrCertificate
	sqlstatetest.RunTLS(t, url, open, negotiate, []sqlstatetest.TLSCase{
		{Name: "no TLS", Server: sqlstatetest.NoTLS, Want: noTLS, Says: "sslmode=disable"},
		{Name: "no TLS, and it is wanted on loopback", Host: "127.0.0.1", Options: "sslmode=require", Server: sqlstatetest.NoTLS, Want: noTLS, Says: "sslmode=disable"},
		{Name: "no TLS, and the URL allows it", Options: "sslmode=disable", Server: sqlstatetest.NoTLS},
		{Name: "no TLS on loopback", Host: "127.0.0.1", Server: sqlstatetest.NoTLS},
		{Name: "any certificate"},
		{Name: "an unknown authority", Options: "sslmode=verify-full", Want: untrusted, Says: "sslrootcert=FILE"},
		{Name: "the URL's authority", Options: "sslmode=verify-full&sslrootcert=CA"},
		{Name: "another server's certificate", Options: "sslmode=verify-full&sslrootcert=CA", Server: "127.0.0.2", Want: untrusted, Says: "not trusted"},
	})
}

// negotiate is a PostgreSQL server's beginning. The server behind it needs no TLS
// (postgresql.org/docs/15/protocol-flow.html).
func negotiate(client, _ net.Conn, secure *tls.Config) (net.Conn, error) {
	first := make([]byte, 8)
	if _, err := io.ReadFull(client, first); err != nil {
		return nil, err
	}
	if first[4] != 0x04 { // not a request for TLS: 1234, 5679
		return begun{client, io.MultiReader(bytes.NewReader(first), client)}, nil
	}
	if secure == nil {
		_, err := client.Write([]byte("N"))
		return client, err
	}
	_, err := client.Write([]byte("S"))
	return tls.Server(client, secure), err
}

// begun is a connection whose first bytes were read already.
type begun struct {
	net.Conn
	all io.Reader
}

func (b begun) Read(p []byte) (int, error) { return b.all.Read(p) }

// What the server itself answers names no user and no database.
func TestStore_AnswersNameNoUser(t *testing.T) {
	url, _ := schema(t)
	at := url[strings.Index(url, "@"):]
	for given, want := range map[string]string{
		"postgres://planted:planted" + at:                                     "the server refuses the user",
		strings.Replace(url, "/msgext?", "/planted?", 1):                      "there is no such database",
		url + "&role=planted":                                                 `role "…" does not exist`,
		url + "&search_path=pg_catalog&default_transaction_isolation=planted": `"…"`,
	} {
		store := open(t, given)
		_, err := store.Load(t.Context(), statetest.NewMessage())
		require.ErrorContains(t, err, want, given)
		assert.NotContains(t, err.Error(), "planted")
		require.NoError(t, store.Close())
	}
}
