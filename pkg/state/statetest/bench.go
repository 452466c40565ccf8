package statetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
