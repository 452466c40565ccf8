package outbound_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
)

// counted counts what is written to a connection.
type counted struct {
	net.Conn
	writes *atomic.Int32
}

func (c counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// foreign is a body of a type that net/http does not know, as AWS's SDK has one.
type foreign struct {
	io.Reader
	closed bool
}

func (f *foreign) Close() error {
	f.closed = true
	return nil
}

func TestTransport_DoSendsHeadersAndBodyInOneWrite(t *testing.T) {
	received := make(chan string, 3)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		received <- string(body)
	}))
	defer server.Close()
	var writes atomic.Int32
	inner := outbound.HTTPTransport(outbound.Options{})
	inner.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return counted{conn, &writes}, err
	}
	transport := outbound.NewTransport(inner)
	defer transport.CloseIdleConnections()
	do := func(text string, length int64) (*foreign, error) {
		body := &foreign{Reader: strings.NewReader(text)}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
		require.NoError(t, err)
		request.ContentLength = length
		response, err := transport.Do(request)
		if err == nil {
			assert.NoError(t, response.Body.Close())
		}
		assert.Same(t, body, request.Body, "the caller's request stays as it was")
		return body, err
	}

	body, err := do("an event", 8)
	require.NoError(t, err)
	assert.Equal(t, "an event", <-received)
	assert.True(t, body.closed)
	assert.EqualValues(t, 1, writes.Load())

	body, err = do("an event", 9)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "a body that is shorter than it says")
	assert.True(t, body.closed)
	assert.EqualValues(t, 1, writes.Load(), "nothing is sent")

	_, err = do("of unknown length", -1)
	require.NoError(t, err)
	assert.Equal(t, "of unknown length", <-received)
}
