package outbound_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
)

// Only a connection that was idle is pinged, once until it is idle again; the first that does not answer takes with it
// the others that are doubted, and none that is not.
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
	clock.Pass(outbound.DoubtAfter - 1)
	assert.NoError(t, check(first))
	assert.Zero(t, pings, "not idle for long enough")
	clock.Pass(1)
	assert.NoError(t, check(first))
	assert.NoError(t, check(first))
	assert.Equal(t, 1, pings, "it has answered")

	clock.Pass(outbound.DoubtAfter)
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
