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
// sixteen at once, each on a message of its own. The store's own floor belongs beside it: Writers
// runs that in the same way.
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

// Writers shares b.N writes among so many writers at once; each counts its own from 0.
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

// Floor writes what a database must write for an event at the least: bare upserts of so many rows
// in one transaction. The first is a writer's own, or one for all, as where all write to one
// message; the others are a writer's own.
type Floor func(writer, n, rows int, shared bool) error

// BenchmarkInTurns measures a store's events beside its floor, slices of each in turns, so that a
// machine that slows down slows both: medians of a slice's time by event, and of the ratios of
// neighbours. It wants some dozen turns: -benchtime 40x. In the last the writers share one message,
// a poll in which everybody votes at once.
func BenchmarkInTurns(b *testing.B, store state.Store, floor Floor) {
	for _, test := range []struct {
		writers, keys, of int
		shared            bool
	}{
		{1, 1, msgext.MaxKeys, false}, {1, msgext.MaxKeyValues, msgext.MaxKeys, false},
		{16, 1, msgext.MaxKeys, false}, {16, msgext.MaxKeyValues, msgext.MaxKeys, false}, {16, 1, msgext.MaxKeys, true},
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

// slice lets each writer write a few times, and returns the time by event in microseconds.
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

// benchmarkEvent sets keys of a message that has so many.
func benchmarkEvent(m msgext.Message, version int64, keys, of int) msgext.Event {
	event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version, KeyValues: make([]msgext.KeyValue, keys)}
	for i := range event.KeyValues {
		event.KeyValues[i] = msgext.KeyValue{
			Key: fmt.Sprint("user ", (int(version)*keys+i)%of), Value: strings.Repeat("v", 100), Seq: version,
		}
	}
	return event
}
