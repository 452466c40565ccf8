// Package readertest measures what reading over HTTP adds to a store.
//
// It is for tests of stores. Its API is v0: it may change with any release.
package readertest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// BenchmarkRead measures reading a message of 300 keys through the function, from a function URL's event to the reply,
// beside bare, the one query that has the same key-values from the store and returns how many it found. The two take turns,
// so that a machine that slows down slows both, and medians are compared; load is what the store's Load takes of
// the function's time. The message is measured as webhooks leave it, and as a read of Chat does. It wants some hundred
// turns: -benchtime 300x.
func BenchmarkRead(b *testing.B, store state.Store, bare func(ctx context.Context, m msgext.Message, isRead bool) (int, error)) {
	for _, isRead := range []bool{false, true} {
		name := "heard"
		if isRead {
			name = "read"
		}
		b.Run(name, func(b *testing.B) {
			m := fill(b, store, isRead)
			function := awsgw.New(reader.New(reader.Options{Store: store, SDKAppID: m.SDKAppID}), http.HandlerFunc(reader.Malformed))
			event := sample.AWSEvents(sample.Request{Method: http.MethodGet, Path: fmt.Sprintf("/api/groups/%s/messages/%d/extensions", m.GroupID, m.MsgSeq)})[0].Payload
			reply, err := function.Invoke(b.Context(), event)
			require.NoError(b, err)
			require.Equal(b, msgext.MaxKeys, strings.Count(string(reply), `\"Key\"`), "%.300s", reply)

			var took [3][]float64 // microseconds
			for b.Loop() {
				began := time.Now()
				_, err := function.Invoke(b.Context(), event)
				took[0] = append(took[0], float64(time.Since(began).Nanoseconds())/1000)
				require.NoError(b, err)
				began = time.Now()
				found, err := bare(b.Context(), m, isRead)
				took[1] = append(took[1], float64(time.Since(began).Nanoseconds())/1000)
				require.NoError(b, err)
				require.Equal(b, msgext.MaxKeys, found)
				began = time.Now()
				_, err = store.Load(b.Context(), m)
				took[2] = append(took[2], float64(time.Since(began).Nanoseconds())/1000)
				require.NoError(b, err)
			}
			b.ReportMetric(median(took[2]), "load-us")
			b.ReportMetric(median(took[0]), "function-us")
			b.ReportMetric(median(took[1]), "bare-us")
			b.ReportMetric(median(took[0])/median(took[1]), "ratio")
		})
	}
}

// fill makes a message of 300 keys with values of 100 bytes: by fifteen webhooks, or by those and a read.
func fill(b *testing.B, store state.Store, isRead bool) msgext.Message {
	b.Helper()
	m := statetest.NewMessage()
	var all []msgext.KeyValue
	for version := range int64(msgext.MaxKeys / msgext.MaxKeyValues) {
		event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version + 1}
		for range msgext.MaxKeyValues {
			event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: fmt.Sprint("user ", len(all)+len(event.KeyValues)), Value: strings.Repeat("v", 100), Seq: event.Seq})
		}
		all = append(all, event.KeyValues...)
		require.NoError(b, store.Apply(b.Context(), event, time.UnixMilli(1), state.MarkNow))
	}
	if isRead {
		latest := all[len(all)-1].Seq
		require.NoError(b, store.Merge(b.Context(), m, msgext.Snapshot{Latest: latest, KeyValues: all}))
		record, err := store.Load(b.Context(), m)
		require.NoError(b, err)
		require.NoError(b, store.Sweep(b.Context(), m, record.Check.Revision))
	}
	return m
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
