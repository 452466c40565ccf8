package statetest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// scaleVariable names the environment variable for the number of messages of BenchmarkScale, such
// as 1000000; defaultScale if it is not set.
const (
	scaleVariable = "TEST_SCALE"
	defaultScale  = 20_000
	smallScale    = 1000
)

// Scaled is a store that nothing else uses, how to measure its size, and how to fill it. Copy writes
// other messages as the store has one of them. It need not sync each one, so it takes minutes for a
// million, where Apply takes up to hours.
type Scaled struct {
	Store state.Store
	Bytes func() int64
	Copy  func(ctx context.Context, of msgext.Message, to iter.Seq[msgext.Message]) error
}

// BenchmarkScale compares the calls of a store with very many messages, one in a hundred of them
// due, with those of a store with 1,000. The calls alternate. It reports medians, their ratio, and
// the bytes per message. Run it with some thousand turns: -benchtime 2000x. Both stores must be
// empty.
func BenchmarkScale(b *testing.B, small, large Scaled) {
	count := defaultScale
	if text := os.Getenv(scaleVariable); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	now := time.Now()
	before := large.Bytes()
	fill(b, small, smallScale, now)
	began := time.Now()
	fill(b, large, count, now)
	b.Logf("%d messages in %s", count, time.Since(began).Round(time.Second))
	perMessage := float64(large.Bytes()-before) / float64(count)

	for _, call := range scaledCalls(b, now) {
		b.Run(call.name, func(b *testing.B) {
			stores := []struct {
				store state.Store
				count int
				took  []float64
			}{{store: small.Store, count: smallScale}, {store: large.Store, count: count}}
			failed := 0
			for turn := 0; b.Loop(); turn++ {
				for i := range stores {
					at := &stores[(i+turn)%len(stores)] // each goes first every other time
					prepared := call.prepare(at.store, rand.IntN(at.count), at.count)
					began := time.Now()
					if err := prepared(); err != nil { // a loaded machine's server may be too slow at times
						failed++
						require.Less(b, failed, max(2, turn/20), "%s", err)
						continue
					}
					at.took = append(at.took, float64(time.Since(began).Nanoseconds())/1000)
				}
			}
			b.ReportMetric(float64(failed), "failed")
			few, many := middle(stores[0].took), middle(stores[1].took)
			b.ReportMetric(few, "few-µs")
			b.ReportMetric(many, "many-µs")
			b.ReportMetric(many/few, "many/few")
			b.ReportMetric(perMessage, "bytes/message")
		})
	}
}

// fill creates count messages of one key. One in a hundred is due. The others are due in a week,
// like settled ones. Apply writes the first two, and the others are copies of these.
func fill(b *testing.B, scaled Scaled, count int, now time.Time) {
	ctx := b.Context()
	for n, heard := range []time.Time{now.Add(-time.Hour), now.Add(7 * 24 * time.Hour)} {
		require.NoError(b, scaled.Store.Apply(ctx, scaledEvent(n, 1), heard, state.MarkNow))
		require.NoError(b, scaled.Copy(ctx, scaledMessage(n), func(yield func(msgext.Message) bool) {
			for i := 2; i < count; i++ {
				if (i%100 == 0) == (n == 0) && !yield(scaledMessage(i)) {
					return
				}
			}
		}))
	}
	requireAlike(b, scaled.Store, count)
}

// requireAlike requires that copied messages are what Apply writes: they are read alike, and are
// listed by their own names.
func requireAlike(b *testing.B, store state.Store, count int) {
	ctx := b.Context()
	for n := range 2 {
		applied, err := store.Load(ctx, scaledMessage(n))
		require.NoError(b, err)
		for range 50 {
			i := rand.IntN(count/100) * 100
			if n == 1 {
				i += 1 + rand.IntN(99)
			}
			copied, err := store.Load(ctx, scaledMessage(i))
			require.NoError(b, err)
			require.Equal(b, applied, copied)
		}
	}
	page, err := store.Due(ctx, state.FirstChecks, time.Now(), "", 10)
	require.NoError(b, err)
	require.Len(b, page.Heads, 10)
	listed := make(map[msgext.Message]bool)
	for _, head := range page.Heads {
		var group int64
		_, err := fmt.Sscanf(head.Message.GroupID, "group %d", &group)
		require.NoError(b, err)
		n := group*50 + head.Message.MsgSeq
		require.Equal(b, scaledMessage(int(n)), head.Message)
		require.Zero(b, n%100, "it is due")
		require.False(b, listed[head.Message], "each is listed once")
		listed[head.Message] = true
	}
}

func scaledMessage(n int) msgext.Message {
	return msgext.Message{SDKAppID: "1400000000", GroupID: fmt.Sprint("group ", n/50), MsgSeq: int64(n % 50)}
}

func scaledEvent(n int, version int64) msgext.Event {
	return msgext.Event{
		Message: scaledMessage(n), Operation: msgext.Set, Seq: version,
		KeyValues: []msgext.KeyValue{{Key: "user 1", Value: "option 1", Seq: version}},
	}
}

// scaledCall prepares a call about one of the messages.
type scaledCall struct {
	name    string
	prepare func(store state.Store, n, count int) func() error
}

func scaledCalls(b *testing.B, now time.Time) []scaledCall {
	ctx := b.Context()
	version := int64(1)
	return []scaledCall{
		{"due", func(store state.Store, _, _ int) func() error {
			return func() error {
				page, err := store.Due(ctx, state.FirstChecks, now, "", 10)
				if err == nil && len(page.Heads) == 0 {
					return fmt.Errorf("nothing is due")
				}
				return err
			}
		}},
		{"check", func(store state.Store, n, _ int) func() error {
			n -= n % 100 // a message that is due, and stays due
			record, err := store.Load(ctx, scaledMessage(n))
			require.NoError(b, err)
			outcome := state.Outcome{Revision: record.Check.Revision, Started: now, Floor: record.State.Latest, Due: now.Add(-time.Hour)}
			return func() error { return store.SaveCheck(ctx, scaledMessage(n), outcome) }
		}},
		{"apply", func(store state.Store, n, count int) func() error {
			if n%100 == 0 {
				n++
			}
			version++
			event := scaledEvent(n%count, version)
			return func() error { return store.Apply(ctx, event, now.Add(7*24*time.Hour), state.MarkNow) }
		}},
		{"read", func(store state.Store, n, _ int) func() error {
			return func() error {
				_, err := store.Load(ctx, scaledMessage(n))
				return err
			}
		}},
	}
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
