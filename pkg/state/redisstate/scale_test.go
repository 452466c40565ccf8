package redisstate_test

import (
	"context"
	"errors"
	"iter"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// BenchmarkScale fills two otherwise unused databases of the server, and empties them.
func BenchmarkScale(b *testing.B) {
	scaled := func(database string) statetest.Scaled {
		url := peertest.Address(b, peertest.Redis) + "/" + database
		store := open(b, secret.String(url))
		options, err := redis.ParseURL(url)
		require.NoError(b, err)
		options.ReadTimeout = time.Minute // for a whole batch of copies, and to empty a million
		copier := redis.NewClient(options)
		b.Cleanup(func() { require.NoError(b, copier.Close()) })
		require.NoError(b, copier.FlushDB(b.Context()).Err())
		b.Cleanup(func() { require.NoError(b, copier.FlushDB(context.Background()).Err()) })
		return statetest.Scaled{Store: store, Copy: copying(copier), Bytes: func() int64 {
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

// copying returns statetest.Scaled's Copy: it copies a message's own keys and its places in the
// indexes of its shard.
func copying(client *redis.Client) func(context.Context, msgext.Message, iter.Seq[msgext.Message]) error {
	const own, indexes = 4, 9 // of redisstate.Keys
	return func(ctx context.Context, of msgext.Message, to iter.Seq[msgext.Message]) error {
		from := redisstate.Keys(of.Path())
		var dumps [own]string
		scores := make(map[int]float64)
		for i, key := range from[:indexes] {
			var err error
			if i < own {
				dumps[i], err = client.Dump(ctx, key).Result()
			} else if score, none := client.ZScore(ctx, key, of.Path()).Result(); none == nil {
				scores[i] = score
			} else {
				err = none
			}
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
		}
		pipe := client.Pipeline()
		for m := range to {
			for i, key := range redisstate.Keys(m.Path())[:indexes] {
				if score, ok := scores[i]; ok {
					pipe.ZAdd(ctx, key, redis.Z{Score: score, Member: m.Path()})
				} else if i < own && dumps[i] != "" {
					pipe.RestoreReplace(ctx, key, 0, dumps[i]) // the client may send a batch again
				}
			}
			const batch = 5000
			if pipe.Len() < batch {
				continue
			}
			if _, err := pipe.Exec(ctx); err != nil {
				return err
			}
		}
		_, err := pipe.Exec(ctx)
		return err
	}
}
