package redisstate_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound/outboundtest"
	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// A sandbox that was frozen has connections that broke unnoticed: a command on one is never
// answered. The time for a reply must be enough for another try. Here it is twice that time,
// because a busy machine may hold the test up.
func TestStore_DeadConnection(t *testing.T) {
	network := outboundtest.NewNetwork(t, strings.TrimPrefix(peertest.Address(t, peertest.Redis), "redis://"))
	store := open(t, secret.String("redis://"+network.Addr().String()))
	m := statetest.NewMessage()
	for version := int64(1); version <= 2; version++ {
		ctx, cancel := context.WithTimeout(t.Context(), 2*budget)
		require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, version, "v", "a"), start, state.MarkNow))
		cancel()
		network.Freeze()
	}
	for range 2 { // transactions use other connections
		ctx, cancel := context.WithTimeout(t.Context(), 2*budget)
		record, err := store.Load(ctx, m)
		cancel()
		require.NoError(t, err)
		assert.EqualValues(t, 2, record.State.Contiguous())
		network.Freeze()
	}
	assert.EqualValues(t, 2, network.Swallowed(), "an apply and a load")
}

// However many connections broke, the first event after that discards all of them after one ping,
// and has all but 300 ms of its time left.
func TestStore_ManyDeadConnections(t *testing.T) {
	network := outboundtest.NewNetwork(t, strings.TrimPrefix(peertest.Address(t, peertest.Redis), "redis://"))
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
	require.EqualValues(t, connections, network.Opened())
	network.Freeze()
	ahead.Add(int64(2 * time.Second))
	ctx, cancel := context.WithTimeout(t.Context(), 2*budget)
	defer cancel()
	require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
	assert.EqualValues(t, 1, network.Swallowed(), "one ping, and nothing else, was sent to the dead")
	assert.EqualValues(t, connections+1, network.Opened())

	// A busy server may hold up the answer to any ping, so one of several must come in time.
	keeps := false
	for version := int64(2); version <= 6 && !keeps; version++ {
		opened := network.Opened()
		ahead.Add(int64(2 * time.Second))
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), start, state.MarkNow))
		keeps = network.Opened() == opened
	}
	assert.True(t, keeps, "an idle connection that answers is kept")
}

// A server that answers late is slow, not dead. No connection is closed because of that, and none
// is opened.
func TestStore_ASlowServerKeepsItsConnections(t *testing.T) {
	network := outboundtest.NewNetwork(t, strings.TrimPrefix(peertest.Address(t, peertest.Redis), "redis://"))
	// The store's clock stands still and an answer may take a minute, so that a busy machine
	// changes nothing.
	store, err := redisstate.OpenAt(secret.String("redis://"+network.Addr().String()+"?read_timeout=1m"), func() time.Time { return start })
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	client, ok := store.Client().(*redis.Client)
	require.True(t, ok)
	const connections = 4
	together := func() {
		var held []*redis.Conn
		var all sync.WaitGroup
		for range connections {
			conn := client.Conn()
			held = append(held, conn)
			all.Go(func() { assert.NoError(t, conn.Ping(t.Context()).Err()) })
		}
		all.Wait()
		for _, conn := range held {
			require.NoError(t, conn.Close())
		}
	}
	together()
	m := statetest.NewMessage()
	t.Cleanup(func() { assert.NoError(t, store.Forget(context.Background(), m)) })
	opened, standing := network.Opened(), network.Standing()
	network.Delay(400 * time.Millisecond)
	for version := int64(1); version <= 2; version++ {
		together()
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), start, state.MarkNow))
	}
	network.Delay(0)
	assert.Equal(t, opened, network.Opened())
	assert.Equal(t, standing, network.Standing())
}
