package redisstate_test

import (
	"context"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state/statetest"
)

// BenchmarkScale fills two otherwise unused databases of the server, and empties them.
func BenchmarkScale(b *testing.B) {
	scaled := func(database string) statetest.Scaled {
		store := open(b, secret.String(peertest.Address(b, peertest.Redis)+"/"+database))
		require.NoError(b, store.Client().FlushDB(b.Context()).Err())
		b.Cleanup(func() { require.NoError(b, store.Client().FlushDB(context.Background()).Err()) })
		return statetest.Scaled{Store: store, Bytes: func() int64 {
			info, err := store.Client().Info(b.Context(), "memory").Result()
			require.NoError(b, err)
			match := regexp.MustCompile(`used_memory:(\d+)`).FindStringSubmatch(info)
			require.NotNil(b, match)
			size, err := strconv.ParseInt(match[1], 10, 64)
			require.NoError(b, err)
			return size
		}}
	}
	statetest.BenchmarkScale(b, scaled("8"), scaled("9"))
}
