package redisstate_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// A sandbox that was frozen has connections that broke unnoticed: a command on one is never
// answered. The time for a reply must be enough for another try.
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
	for range 2 { // transactions use other connections
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		record, err := store.Load(ctx, m)
		cancel()
		require.NoError(t, err)
		assert.EqualValues(t, 2, record.State.Contiguous())
		network.freeze()
	}
	assert.EqualValues(t, 2, network.swallowed.Load(), "an apply and a load")
}

// However many connections broke, the first event after that discards all of them after one ping,
// and has all but 300 ms of its time left.
func TestStore_ManyDeadConnections(t *testing.T) {
	network := newNetwork(t, strings.TrimPrefix(peertest.Address(t, peertest.Redis), "redis://"))
	var ahead atomic.Int64
	store, err := redisstate.OpenAt(secret.String("redis://"+network.Addr().String()), func() time.Time {
		return time.Now().Add(time.Duration(ahead.Load()))
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	m := statetest.NewMessage()
	t.Cleanup(func() { assert.NoError(t, store.Forget(context.Background(), m)) })
	const connections = 8
	var together sync.WaitGroup
	var held []*redis.Conn
	client, ok := store.Client().(*redis.Client)
	require.True(t, ok)
	for range connections {
		conn := client.Conn()
		held = append(held, conn)
		together.Go(func() { assert.NoError(t, conn.Ping(t.Context()).Err()) })
	}
	together.Wait()
	for _, conn := range held {
		require.NoError(t, conn.Close())
	}
	require.EqualValues(t, connections, network.opened.Load())
	network.freeze()
	ahead.Add(int64(2 * time.Second))
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
	assert.EqualValues(t, 1, network.swallowed.Load(), "one ping, and nothing else, was sent to the dead")
	assert.EqualValues(t, connections+1, network.opened.Load())

	ahead.Add(int64(2 * time.Second))
	require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, 2, "v", "a"), start, state.MarkNow))
	assert.EqualValues(t, connections+1, network.opened.Load(), "an idle connection that answers is kept")
}

// network is a proxy that forwards connections to a server until they are frozen. Then it discards
// what is sent.
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
