package redisstate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

var start = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// kind is a kind of server that a store can use.
type kind struct{ name, variable, scheme string }

var kinds = []kind{{"server", peertest.Redis, ""}, {"cluster", peertest.RedisCluster, "redis://"}}

func (k kind) url(t testing.TB) secret.String {
	t.Helper()
	return secret.String(k.scheme + peertest.Address(t, k.variable))
}

// onEach runs a test on a server and on a cluster. An answer may take a minute: where a busy
// machine's is late, the client sends the command again, and the test would find it done twice.
func onEach(t *testing.T, test func(t *testing.T, url secret.String)) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) { test(t, kind.url(t)+"?read_timeout=1m") })
	}
}

func open(t testing.TB, url secret.String) *redisstate.Store {
	t.Helper()
	store, err := redisstate.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() }) // the suite closes its stores itself
	return store
}

func TestStore(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		statetest.Run(t, func(t *testing.T) state.Store { return open(t, url) })
	})
}

func TestStore_LoadsOneMoment(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		statetest.RunSnapshot(t, func(t *testing.T) state.Store { return open(t, url) })
	})
}

// A restarted server knows no scripts.
func TestStore_SendsForgottenScriptsAgain(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		store, m := open(t, url), statetest.NewMessage()
		for version := int64(1); version <= 2; version++ {
			require.NoError(t, store.Client().ScriptFlush(t.Context()).Err())
			require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), start, state.MarkNow))
		}
		require.NoError(t, store.Client().ScriptFlush(t.Context()).Err())
		record, err := store.Load(t.Context(), m)
		require.NoError(t, err)
		assert.False(t, record.State.Gap())
		assert.EqualValues(t, 2, record.State.Latest)
	})
}

func TestStore_CompressesLargeReads(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		store, m := open(t, url), statetest.NewMessage()
		read := largeRead()
		require.NoError(t, store.Merge(t.Context(), m, read))
		size, err := store.Client().StrLen(t.Context(), redisstate.Keys(m.Path())[3]).Result()
		require.NoError(t, err)
		assert.Less(t, size, int64(msgext.MaxKeys*msgext.MaxValueBytes/10))
		record, err := store.Load(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, read.Reply(), record.State.Reply())
	})
}

// largeRead returns as much as a message may hold.
func largeRead() msgext.Snapshot {
	read := msgext.Snapshot{Number: 1, Latest: msgext.MaxKeys}
	for i := range msgext.MaxKeys {
		read.KeyValues = append(read.KeyValues, msgext.KeyValue{
			Key: fmt.Sprintf("key %d", i), Value: strings.Repeat("v", msgext.MaxValueBytes), Seq: int64(i + 1),
		})
	}
	return read
}

// A call writes only the message's own keys and its shard's index, all in one slot, and Forget
// leaves none of the message's keys.
func TestStore_ForgetLeavesNoKey(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		store, m := open(t, url), statetest.NewMessage()
		ctx, keys := t.Context(), redisstate.Keys(m.Path())
		slot := store.Client().ClusterKeySlot(ctx, keys[0]).Val()
		for _, event := range []msgext.Event{statetest.SetEvent(m, 2, "v", "a"), statetest.SetEvent(m, 4, "v", "b")} {
			require.NoError(t, store.Apply(ctx, event, start, state.MarkNow))
		}
		require.NoError(t, store.Merge(ctx, m, msgext.Snapshot{Number: 1, Latest: 3}))
		for i, key := range keys {
			assert.Equal(t, slot, store.Client().ClusterKeySlot(ctx, key).Val(), key)
			if i < 4 {
				assert.EqualValues(t, 1, store.Client().Exists(ctx, key).Val(), key)
			}
		}
		require.NoError(t, store.Client().ZScore(ctx, keys[8], m.Path()).Err())
		due, err := store.Client().ZScore(ctx, keys[4], m.Path()).Result()
		require.NoError(t, err)
		assert.EqualValues(t, start.UnixMilli(), due)

		require.NoError(t, store.Forget(ctx, m))
		for _, key := range keys[:4] {
			assert.Zero(t, store.Client().Exists(ctx, key).Val(), key)
		}
		for _, index := range keys[4:9] {
			assert.ErrorIs(t, store.Client().ZScore(ctx, index, m.Path()).Err(), redis.Nil)
		}
	})
}

// Version 0 is Chat's answer for a message that never had an extension. A drop to version 0 must
// leave a gap, too.
func TestStore_DropToZeroLeavesGap(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		store, m := open(t, url), statetest.NewMessage()
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, "forged", "a"), start, state.MarkNow))
		require.NoError(t, store.Merge(t.Context(), m, msgext.Snapshot{Number: 1}))
		dropped, err := store.Drop(t.Context(), m, state.Drop{Now: start, Due: start})
		require.NoError(t, err)
		require.True(t, dropped)
		record, err := store.Load(t.Context(), m)
		require.NoError(t, err)
		assert.True(t, record.State.Gap())
		assert.EqualValues(t, -1, record.State.Floor)
		require.NoError(t, store.SaveCheck(t.Context(), m, state.Outcome{Revision: record.Check.Revision, DroppedAt: record.Check.DroppedAt}))
		record, err = store.Load(t.Context(), m)
		require.NoError(t, err)
		assert.False(t, record.State.Gap())
	})
}

// Nothing reads or writes a shard that a later version has taken over.
func TestStore_RefusesANewerSchema(t *testing.T) {
	store, m := open(t, secret.String(peertest.Address(t, peertest.Redis)+"/9")), statetest.NewMessage() // a database of its own
	ctx, schema := t.Context(), redisstate.Keys(m.Path())[9]
	t.Cleanup(func() {
		assert.NoError(t, store.Client().Del(context.Background(), schema).Err())
		assert.NoError(t, store.Forget(context.Background(), m))
	})
	require.NoError(t, store.Client().Set(ctx, schema, state.Schema, 0).Err())
	require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
	before, err := store.Load(ctx, m)
	require.NoError(t, err)

	require.NoError(t, store.Client().Set(ctx, schema, state.Schema+1, 0).Err())
	for name, call := range map[string]func() error{
		"Apply":     func() error { return store.Apply(ctx, statetest.SetEvent(m, 2, "w", "a"), start, state.MarkNow) },
		"MarkSeen":  func() error { return store.MarkSeen(ctx, m, 2) },
		"Doubt":     func() error { return store.Doubt(ctx, m, start, state.FromWebhook) },
		"Announce":  func() error { return store.Announce(ctx, m, start, start) },
		"Merge":     func() error { return store.Merge(ctx, m, msgext.Snapshot{Number: 1, Latest: 3}) },
		"SaveCheck": func() error { return store.SaveCheck(ctx, m, state.Outcome{Revision: before.Check.Revision}) },
		"Drop":      func() error { _, err := store.Drop(ctx, m, state.Drop{Now: start, Due: start}); return err },
		"Erase":     func() error { _, err := store.Erase(ctx, m, before.Check.Revision); return err },
		"Forget":    func() error { return store.Forget(ctx, m) },
		"Load":      func() error { _, err := store.Load(ctx, m); return err },
	} {
		assert.ErrorIs(t, call(), state.ErrSchemaNew, name)
	}

	require.NoError(t, store.Client().Set(ctx, schema, state.Schema, 0).Err())
	after, err := store.Load(ctx, m)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestExample(t *testing.T) {
	url := peertest.Address(t, peertest.Redis)
	t.Setenv("REDIS_URL", url)
	store := open(t, secret.String(url))
	m := msgext.Message{SDKAppID: "1400000000", GroupID: "poll", MsgSeq: 10}
	defer func() { assert.NoError(t, store.Forget(context.Background(), m)) }()
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, "option 2", "alice"), start, state.MarkNow))
	assert.Equal(t, "alice option 2\nsomething is missing: false\n", peertest.Output(t, Example))
}
