package redisstate_test

import (
	"context"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
)

// BenchmarkDue asks for a page of a hundred messages where 200,000 are due, in turns with the same
// where 1,000 are. It reports medians, and what the server sends and the client allocates for a
// call with 200,000; nobody else may use the server meanwhile. It fills two otherwise unused databases
// of the server, and empties them. Run it with -benchtime 200x.
func BenchmarkDue(b *testing.B) {
	const few, many, page = 1000, 200_000, 100
	stores := []*redisstate.Store{withDue(b, "10", few), withDue(b, "11", many)}
	took := make([][]float64, len(stores))
	var sent, allocated float64
	asked := sentBytes(b, stores[1].Client())
	asked = sentBytes(b, stores[1].Client()) - asked // by that question itself
	for turn := 0; b.Loop(); turn++ {
		for i := range stores {
			at := (i + turn) % len(stores) // each goes first every other time
			bytes, memory := sentBytes(b, stores[at].Client()), allocatedBytes()
			began := time.Now()
			got, err := stores[at].Due(b.Context(), state.FirstChecks, time.Now(), "", page)
			took[at] = append(took[at], float64(time.Since(began).Microseconds()))
			require.NoError(b, err)
			require.Len(b, got.Heads, page)
			if at == 1 {
				allocated += allocatedBytes() - memory
				sent += sentBytes(b, stores[at].Client()) - bytes - asked
			}
		}
	}
	for _, values := range took {
		slices.Sort(values)
	}
	calls := float64(len(took[1]))
	b.ReportMetric(took[0][len(took[0])/2], "µs/page-of-1000-due")
	b.ReportMetric(took[1][len(took[1])/2], "µs/page-of-200000-due")
	b.ReportMetric(sent/calls/1000, "kB-sent/page")
	b.ReportMetric(allocated/calls/1000, "kB-allocated/page")
}

// withDue returns a store in which so many messages are due.
func withDue(b *testing.B, database string, count int) *redisstate.Store {
	url := peertest.Address(b, peertest.Redis) + "/" + database
	store := open(b, secret.String(url))
	options, err := redis.ParseURL(url)
	require.NoError(b, err)
	options.ReadTimeout = time.Minute // for a whole batch of copies
	copier := redis.NewClient(options)
	defer func() { _ = copier.Close() }()
	require.NoError(b, store.Client().FlushDB(b.Context()).Err())
	b.Cleanup(func() { require.NoError(b, store.Client().FlushDB(context.Background()).Err()) })
	message := func(n int) msgext.Message {
		return msgext.Message{SDKAppID: "1400000000", GroupID: "due", MsgSeq: int64(n)}
	}
	event := msgext.Event{Message: message(0), Operation: msgext.Set, Seq: 1, KeyValues: []msgext.KeyValue{{Key: "alice", Value: "1", Seq: 1}}}
	require.NoError(b, store.Apply(b.Context(), event, time.Now().Add(-time.Hour), state.MarkNow))
	require.NoError(b, copying(copier)(b.Context(), message(0), func(yield func(msgext.Message) bool) {
		for n := 1; n < count && yield(message(n)); n++ {
		}
	}))
	return store
}

var sentPattern = regexp.MustCompile(`total_net_output_bytes:(\d+)`)

func sentBytes(b *testing.B, client redis.UniversalClient) float64 {
	info, err := client.Info(b.Context(), "stats").Result()
	require.NoError(b, err)
	match := sentPattern.FindStringSubmatch(info)
	require.NotNil(b, match)
	sent, err := strconv.ParseFloat(match[1], 64)
	require.NoError(b, err)
	return sent
}

func allocatedBytes() float64 {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return float64(memory.TotalAlloc)
}
