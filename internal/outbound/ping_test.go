package outbound_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
)

// Only a connection that was idle is pinged, and only once until it is idle again. When one does
// not answer, the other suspect ones are closed with it, and no others.
func TestPinger(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	silent, pings := false, 0
	pinger := outbound.NewPinger(func(conn net.Conn) error {
		if pings++; silent {
			return errors.New("silence")
		}
		_, err := conn.Write([]byte("ping"))
		return err
	})
	clock := new(outbound.Clock)
	pinger.Now = clock.Now
	dial := pinger.Dial(new(net.Dialer).DialContext)
	open := func() net.Conn {
		conn, err := dial(context.Background(), "tcp", listener.Addr().String())
		require.NoError(t, err)
		return conn
	}
	check := func(conn net.Conn) error {
		socket, ok := conn.(syscall.Conn)
		require.True(t, ok)
		_, err := socket.SyscallConn()
		return err
	}

	first, second := open(), open()
	clock.Pass(outbound.SuspectAfter - 1)
	assert.NoError(t, check(first))
	assert.Zero(t, pings, "not idle for long enough")
	clock.Pass(1)
	assert.NoError(t, check(first))
	assert.NoError(t, check(first))
	assert.Equal(t, 1, pings, "it has answered")

	clock.Pass(outbound.SuspectAfter)
	young := open()
	silent = true
	assert.Error(t, check(first))
	for _, conn := range []net.Conn{first, second} {
		_, err := conn.Write([]byte("x"))
		assert.ErrorIs(t, err, net.ErrClosed)
	}
	_, err = young.Write([]byte("x"))
	assert.NoError(t, err)
	assert.NoError(t, young.Close())
	assert.Equal(t, 2, pings)
}

// A client that calls Check may wait longer than SuspectAfter for an answer. Its connection is not
// closed together with dead ones.
func TestPinger_Check(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	pinger := outbound.NewPinger(nil)
	clock := new(outbound.Clock)
	pinger.Now = clock.Now
	dial := pinger.Dial(new(net.Dialer).DialContext)
	open := func() net.Conn {
		conn, err := dial(t.Context(), "tcp", listener.Addr().String())
		require.NoError(t, err)
		return conn
	}
	silence, pings := errors.New("silence"), 0
	var answer error
	ping := func(ctx context.Context) error {
		pings++
		_, limited := ctx.Deadline()
		assert.True(t, limited)
		return answer
	}
	isOpen := func(conn net.Conn) bool {
		_, err := conn.Write([]byte("x"))
		return err == nil
	}

	used, first, second, secure := open(), open(), open(), open()
	overTLS := tls.Client(secure, nil)
	require.NoError(t, pinger.Check(t.Context(), used, ping))
	assert.Zero(t, pings, "it is new")
	clock.Pass(outbound.SuspectAfter)
	require.NoError(t, pinger.Check(t.Context(), first, ping))
	require.NoError(t, pinger.Check(t.Context(), overTLS, ping))
	assert.Equal(t, 2, pings)
	pinger.Release(overTLS)
	pinger.Release(first)
	clock.Pass(outbound.SuspectAfter)

	answer = silence
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, pinger.Check(gone, second, ping), silence)
	assert.True(t, isOpen(first) && isOpen(second), "who gives up proves nothing")
	clock.Pass(outbound.SuspectAfter)
	assert.ErrorIs(t, pinger.Check(t.Context(), second, ping), silence)
	assert.False(t, isOpen(first) || isOpen(second) || isOpen(secure))
	assert.True(t, isOpen(used), "it waits for an answer")
	sent := pings
	assert.ErrorIs(t, pinger.Check(t.Context(), first, ping), net.ErrClosed)
	assert.Equal(t, sent, pings, "it is known")

	pinger.Release(used)
	require.NoError(t, pinger.Check(t.Context(), used, ping), "it was used just now")
	pinger.Release(used)
	pinger.Suspect()
	assert.ErrorIs(t, pinger.Check(t.Context(), used, ping), silence)
	assert.NoError(t, pinger.Check(t.Context(), new(net.TCPConn), ping), "of another client")
}
