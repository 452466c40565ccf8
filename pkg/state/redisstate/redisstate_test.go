package redisstate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// urls returns what stores are opened with: a server and a cluster.
func urls(t testing.TB) map[string]secret.String {
	t.Helper()
	return map[string]secret.String{
		"server":  secret.String(peertest.Address(t, peertest.Redis)),
		"cluster": secret.String("redis://" + peertest.Address(t, peertest.RedisCluster)),
	}
}

func open(t testing.TB, url secret.String) *redisstate.Store {
	t.Helper()
	store, err := redisstate.Open(url)
	require.NoError(t, err)
	return store
}

func TestStore(t *testing.T) {
	for name, url := range urls(t) {
		t.Run(name, func(t *testing.T) {
			opener := func(t *testing.T) state.Store { return open(t, url) }
			statetest.Run(t, opener)
			t.Run("loads one moment", func(t *testing.T) { statetest.RunSnapshot(t, opener) })
		})
	}
}
