package statetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// BenchmarkApply measures events of 1 and 20 keys on messages of 3 and 300, by one writer and by
// sixteen concurrent writers, each with a message of its own. A benchmark of the database itself
// should accompany it; Writers runs that in the same way.
func BenchmarkApply(b *testing.B, store state.Store) {
	for _, test := range []struct{ writers, keys, of int }{
		{1, 1, 3}, {1, 1, msgext.MaxKeys}, {1, msgext.MaxKeyValues, msgext.MaxKeys},
		{16, 1, 3}, {16, 1, msgext.MaxKeys}, {16, msgext.MaxKeyValues, msgext.MaxKeys},
	} {
		b.Run(fmt.Sprintf("writers=%d/keys=%d/of=%d", test.writers, test.keys, test.of), func(b *testing.B) {
			messages := make([]msgext.Message, test.writers)
			for i := range messages {
				messages[i] = NewMessage()
				require.NoError(b, store.Apply(b.Context(), benchmarkEvent(messages[i], 1, test.of, test.of), start, state.MarkNow))
			}
			b.ReportAllocs()
			b.ResetTimer()
			Writers(b, test.writers, func(writer, n int) error {
				return store.Apply(b.Context(), benchmarkEvent(messages[writer], int64(n)+2, test.keys, test.of), start, state.MarkNow)
			})
		})
	}
}

// Writers distributes b.N writes among the given number of concurrent writers. Each counts its own
// writes from 0.
func Writers(b *testing.B, writers int, write func(writer, n int) error) {
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	for writer := range writers {
		all.Go(func() {
			for n := 0; left.Add(-1) >= 0; n++ {
				if err := write(writer, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// Floor makes the least write that a database needs for an event: plain upserts of the given number
// of rows in one transaction. The first row is the writer's own, or shared by all writers, as when
// all of them write to one message. The other rows are the writer's own.
type Floor func(writer, n, rows int, shared bool) error

// BenchmarkInTurns measures a store's events and its floor in alternating slices, so that a slow
// phase of the machine affects both. It reports the medians of the time per event, and of the
// ratios of neighbouring slices. Run it with some dozen turns: -benchtime 40x. In the last two cases
// the writers share one message, like a poll in which everybody votes at once.
func BenchmarkInTurns(b *testing.B, store state.Store, floor Floor) {
	for _, test := range []struct {
		writers, keys, of int
		shared            bool
	}{
		{1, 1, msgext.MaxKeys, false}, {1, msgext.MaxKeyValues, msgext.MaxKeys, false},
		{16, 1, msgext.MaxKeys, false}, {16, msgext.MaxKeyValues, msgext.MaxKeys, false}, {16, 1, msgext.MaxKeys, true}, {50, 1, msgext.MaxKeys, true},
	} {
		name := fmt.Sprintf("writers=%d/keys=%d", test.writers, test.keys)
		if test.shared {
			name += "/one-message"
		}
		b.Run(name, func(b *testing.B) {
			messages := make([]msgext.Message, test.writers)
			versions := make([]atomic.Int64, test.writers)
			for i := range messages {
				messages[i] = NewMessage()
				if test.shared {
					messages[i] = messages[0]
				}
				versions[i].Store(1)
				require.NoError(b, store.Apply(b.Context(), benchmarkEvent(messages[i], 1, test.of, test.of), start, state.MarkNow))
			}
			apply := func(writer int) error {
				of := writer
				if test.shared {
					of = 0
				}
				return store.Apply(b.Context(), benchmarkEvent(messages[writer], versions[of].Add(1), test.keys, test.of), start, state.MarkNow)
			}
			written := make([]int, test.writers)
			bare := func(writer int) error {
				written[writer]++
				return floor(writer, written[writer], test.keys+1, test.shared)
			}
			var took, least, ratios []float64
			for b.Loop() {
				least = append(least, slice(b, test.writers, bare))
				took = append(took, slice(b, test.writers, apply))
				ratios = append(ratios, took[len(took)-1]/least[len(least)-1])
			}
			b.ReportMetric(median(least), "floor-us")
			b.ReportMetric(median(took), "apply-us")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// slice lets each writer make a few writes, and returns the time per event in microseconds.
func slice(b *testing.B, writers int, write func(writer int) error) float64 {
	const each = 12
	began := time.Now()
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for range each {
				if err := write(writer); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return float64(time.Since(began).Nanoseconds()) / 1000 / float64(writers*each)
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}

// benchmarkEvent returns an event that sets some keys of a message with the given number of keys.
func benchmarkEvent(m msgext.Message, version int64, keys, of int) msgext.Event {
	event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version, KeyValues: make([]msgext.KeyValue, keys)}
	for i := range event.KeyValues {
		event.KeyValues[i] = msgext.KeyValue{
			Key: fmt.Sprint("user ", (int(version)*keys+i)%of), Value: strings.Repeat("v", 100), Seq: version,
		}
	}
	return event
}
