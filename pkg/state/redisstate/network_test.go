package redisstate_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// A sandbox that was frozen comes back with connections that died meanwhile, and nothing says so: what is sent
// on one is never answered. What a reply may take must do for another try.
func TestStore_DeadConnection(t *testing.T) {
	network := newNetwork(t, strings.TrimPrefix(peertest.Address(t, peertest.Redis), "redis://"))
	store := open(t, secret.String("redis://"+network.Addr().String()))
	m := statetest.NewMessage()
	for version := int64(1); version <= 2; version++ {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, version, "v", "a"), start, state.MarkNow))
		cancel()
		network.freeze()
	}
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.EqualValues(t, 2, record.State.Contiguous())
	assert.EqualValues(t, 2, network.swallowed.Load(), "an apply and the load")
}

// network passes connections on to a server until they are frozen: then it swallows what is sent.
type network struct {
	net.Listener
	server         string
	opened, frozen atomic.Int64 // connections, in the order in which they are opened
	swallowed      atomic.Int64
}

func newNetwork(t *testing.T, server string) *network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{Listener: listener, server: server}
	t.Cleanup(func() { assert.NoError(t, listener.Close()) })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go n.pass(client, n.opened.Add(1))
		}
	}()
	return n
}

// freeze freezes all connections that are open.
func (n *network) freeze() { n.frozen.Store(n.opened.Load()) }

func (n *network) pass(client net.Conn, number int64) {
	defer client.Close()
	server, err := net.Dial("tcp", n.server)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(client, server) }()
	buffer := make([]byte, 64<<10)
	for {
		size, err := client.Read(buffer)
		if err != nil {
			return
		}
		if number <= n.frozen.Load() {
			n.swallowed.Add(1)
			continue
		}
		if _, err := server.Write(buffer[:size]); err != nil {
			return
		}
	}
}
