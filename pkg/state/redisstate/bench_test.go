package redisstate_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader/readertest"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// BenchmarkApply compares an event with the least that could be sent instead: one script with the
// same keys and arguments that writes them in two commands and decides nothing. The server syncs
// its file before each answer, which costs more than everything else. The cluster does not persist,
// and shows the other costs.
func BenchmarkApply(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) { benchmarkApply(b, open(b, kind.url(b))) })
	}
}

func benchmarkApply(b *testing.B, store *redisstate.Store) {
	require.NoError(b, store.LoadScripts(b.Context()))
	require.NoError(b, bareScript.Load(b.Context(), store.Client()).Err())
	for _, writers := range []int{1, 8} {
		for _, size := range []struct{ keys, of int }{{1, 3}, {1, msgext.MaxKeys}, {20, 20}, {20, msgext.MaxKeys}} {
			name := fmt.Sprintf("writers=%d/keys=%d/of=%d", writers, size.keys, size.of)
			b.Run(name+"/apply", func(b *testing.B) {
				run(b, store, writers, size.keys, size.of, func(event msgext.Event) error {
					return store.Apply(b.Context(), event, start, state.MarkNow)
				})
			})
			b.Run(name+"/bare", func(b *testing.B) {
				run(b, store, writers, size.keys, size.of, func(event msgext.Event) error { return bareApply(b, store, event) })
			})
		}
	}
}

// BenchmarkApplyInTurns makes the same comparison with one writer, alternating calls and medians,
// because plain runs vary on a machine that is also used otherwise. Run it with some thousand
// turns: -benchtime 2000x.
func BenchmarkApplyInTurns(b *testing.B) {
	for _, kind := range kinds {
		store := open(b, kind.url(b))
		require.NoError(b, store.LoadScripts(b.Context()))
		require.NoError(b, bareScript.Load(b.Context(), store.Client()).Err())
		for _, size := range []struct{ keys, of int }{{1, 3}, {1, msgext.MaxKeys}, {20, 20}, {20, msgext.MaxKeys}} {
			b.Run(fmt.Sprintf("%s/keys=%d/of=%d", kind.name, size.keys, size.of), func(b *testing.B) {
				applyInTurns(b, store, size.keys, size.of)
			})
		}
	}
}

func applyInTurns(b *testing.B, store *redisstate.Store, keys, of int) {
	var messages [2]msgext.Message
	for i := range messages {
		messages[i] = statetest.NewMessage()
		require.NoError(b, store.Apply(b.Context(), benchmarkEvent(messages[i], 1, 0, of, of), start, state.MarkNow))
	}
	var took [2][]time.Duration
	for version := int64(2); b.Loop(); version++ {
		for i, write := range []func(msgext.Event) error{
			func(event msgext.Event) error { return store.Apply(b.Context(), event, start, state.MarkNow) },
			func(event msgext.Event) error { return bareApply(b, store, event) },
		} {
			event := benchmarkEvent(messages[i], version, int(version)*keys, keys, of)
			began := time.Now()
			err := write(event)
			took[i] = append(took[i], time.Since(began))
			require.NoError(b, err)
		}
	}
	var middle [2]float64
	for i := range took {
		slices.Sort(took[i])
		middle[i] = float64(took[i][len(took[i])/2].Nanoseconds()) / 1000
	}
	b.ReportMetric(middle[0], "apply-µs")
	b.ReportMetric(middle[1], "bare-µs")
	b.ReportMetric(middle[0]/middle[1], "apply/bare")
}

// BenchmarkWriters makes the same comparison with one writer and with many at once, which share a
// message in the last cases.
func BenchmarkWriters(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			store := open(b, kind.url(b))
			require.NoError(b, store.LoadScripts(b.Context()))
			require.NoError(b, bareScript.Load(b.Context(), store.Client()).Err())
			var messages [50]msgext.Message
			for i := range messages {
				messages[i] = statetest.NewMessage()
			}
			statetest.BenchmarkInTurns(b, store, func(writer, n, rows int, shared bool) error {
				if shared {
					writer = 0
				}
				keys := rows - 1 // the other row is the message's
				return bareApply(b, store, benchmarkEvent(messages[writer], int64(n), n*keys, keys, msgext.MaxKeys))
			})
		})
	}
}

// run lets each writer write events of the given number of keys to its own message, which has more
// keys.
func run(b *testing.B, store *redisstate.Store, writers, keys, of int, write func(msgext.Event) error) {
	messages := make([]msgext.Message, writers)
	for i := range messages {
		messages[i] = statetest.NewMessage()
		require.NoError(b, store.Apply(b.Context(), benchmarkEvent(messages[i], 1, 0, of, of), start, state.MarkNow))
	}
	var writer atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(max(1, writers/2)) // GOMAXPROCS is set to two
	b.ResetTimer()
	work := func(next func() bool) {
		m := messages[int(writer.Add(1)-1)%writers]
		for version := int64(2); next(); version++ {
			if err := write(benchmarkEvent(m, version, int(version)*keys, keys, of)); err != nil {
				b.Error(err)
				return
			}
		}
	}
	if writers == 1 {
		work(b.Loop)
		return
	}
	b.RunParallel(func(pb *testing.PB) { work(pb.Next) })
}

func benchmarkEvent(m msgext.Message, version int64, first, keys, of int) msgext.Event {
	event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version, KeyValues: make([]msgext.KeyValue, keys)}
	for i := range event.KeyValues {
		event.KeyValues[i] = msgext.KeyValue{Key: benchmarkKeys[(first+i)%of], Value: benchmarkValue, Seq: version}
	}
	return event
}

var (
	benchmarkValue = strings.Repeat("v", 100)
	benchmarkKeys  = func() (keys [msgext.MaxKeys]string) {
		for i := range keys {
			keys[i] = fmt.Sprint("key ", i)
		}
		return keys
	}()
	bareScript = redis.NewScript(`redis.call('HSET', KEYS[1], 'a', ARGV[1], 'b', ARGV[2], 'c', ARGV[3], 'd', ARGV[4], 'e', ARGV[5], 'f', ARGV[6])
redis.call('HSET', KEYS[2], unpack(ARGV, 9))
return 1`)
)

func bareApply(b *testing.B, store *redisstate.Store, event msgext.Event) error {
	path, digits := event.Message.Path(), fmt.Sprintf("%019d", event.Seq)
	arguments := make([]any, 0, 8+2*len(event.KeyValues))
	arguments = append(arguments, path, digits, "", start.UnixMilli(), digits, digits, msgext.MaxSeen, digits)
	for _, kv := range event.KeyValues {
		arguments = append(arguments, kv.Key, digits+"0"+kv.Value)
	}
	return bareScript.Run(b.Context(), store.Client(), redisstate.Keys(path), arguments...).Err()
}

// BenchmarkRead compares reading through the function with the one command that gets the message's
// key-values: HGETALL of what webhooks said, or GET of the read, which is gzipped JSON.
func BenchmarkRead(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			store := open(b, kind.url(b))
			readertest.BenchmarkRead(b, store, readertest.Query{Name: "bare", Run: func(ctx context.Context, m msgext.Message, isRead bool) (int, error) {
				keys := redisstate.Keys(m.Path())
				if !isRead {
					all, err := store.Client().HGetAll(ctx, keys[1]).Result()
					return len(all), err
				}
				packed, err := store.Client().Get(ctx, keys[3]).Result()
				if err != nil {
					return 0, err
				}
				unpacked, err := gzip.NewReader(strings.NewReader(packed))
				if err != nil {
					return 0, err
				}
				var read msgext.Snapshot
				err = json.NewDecoder(unpacked).Decode(&read)
				return len(read.KeyValues), err
			}})
		})
	}
}
