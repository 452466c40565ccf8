package redisstate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// If a plain URL leads to a node of a cluster, the error says what to write, and has no address.
func TestStore_ClusterBehindAPlainURL(t *testing.T) {
	nodes := strings.Split(peertest.Address(t, peertest.RedisCluster), ",")
	store, err := redisstate.Open(secret.String("redis://" + nodes[0]))
	require.NoError(t, err)
	defer func() { assert.NoError(t, store.Close()) }()
	moved, refused := 0, 0
	for range 32 { // some of the messages are on this node
		_, err := store.Load(t.Context(), statetest.NewMessage())
		if err != nil && strings.Contains(err.Error(), "cluster") {
			require.ErrorIs(t, err, redisstate.ErrCluster)
			assert.EqualError(t, err, redisstate.ErrCluster.Error())
			moved++
		}
		if err := store.Forget(t.Context(), statetest.NewMessage()); !errors.Is(err, state.ErrNotFound) {
			require.EqualError(t, err, redisstate.ErrCluster.Error())
			refused++
		}
	}
	assert.NotZero(t, moved, "by a transaction")
	assert.NotZero(t, refused, "by a script")
}

// No error has the store's address.
func TestStore_ErrorsNameNoAddress(t *testing.T) {
	store, err := redisstate.Open("redis://planted:secret@127.0.0.1:1?max_retries=-1")
	require.NoError(t, err)
	defer func() { assert.NoError(t, store.Close()) }()
	_, err = store.Load(t.Context(), statetest.NewMessage())
	require.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "127.0.0.1")
	assert.NotContains(t, err.Error(), "planted")
}
