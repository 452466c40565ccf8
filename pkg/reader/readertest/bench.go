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

// Query is a way to get a message's key-values without this project's code. Run makes the query and
// returns how many key-values it found.
type Query struct {
	Name string
	Run  func(ctx context.Context, m msgext.Message, isRead bool) (int, error)
}

// BenchmarkRead measures reading a message of 300 keys through the function, from a function URL's
// event to the reply, and queries that get the same key-values directly from the store. They
// alternate, so that a slow phase of the machine affects all of them, and medians are compared.
// load is the part of the function's time that the store's Load takes. The message is measured as
// webhooks leave it (heard), and as a read of Chat leaves it (read). Run it with some hundred
// turns: -benchtime 300x.
func BenchmarkRead(b *testing.B, store state.Store, queries ...Query) {
	for _, isRead := range []bool{false, true} {
		name := "heard"
		if isRead {
			name = "read"
		}
		b.Run(name, func(b *testing.B) {
			m := fill(b, store, isRead)
			function := awsgw.New(reader.New(reader.Options{Store: store, SDKAppID: m.SDKAppID}), http.HandlerFunc(reader.Malformed))
			event := sample.AWSEvents(sample.Request{Method: http.MethodGet, Path: fmt.Sprintf("/api/groups/%s/messages/%d/extensions", m.GroupID, m.MsgSeq)})[0].Payload
			var reply []byte
			ways := []Query{
				{"function", func(ctx context.Context, _ msgext.Message, _ bool) (found int, err error) {
					reply, err = function.Invoke(ctx, event)
					return msgext.MaxKeys, err // the number found is checked once, below
				}},
				{"load", func(ctx context.Context, m msgext.Message, _ bool) (int, error) {
					record, err := store.Load(ctx, m)
					if isRead {
						return len(record.State.Base.KeyValues), err
					}
					return len(record.State.Entries), err
				}},
			}
			ways = append(ways, queries...)
			took := make([][]float64, len(ways)) // microseconds
			for b.Loop() {
				for i, way := range ways {
					began := time.Now()
					found, err := way.Run(b.Context(), m, isRead)
					took[i] = append(took[i], float64(time.Since(began).Nanoseconds())/1000)
					require.NoError(b, err, way.Name)
					require.Equal(b, msgext.MaxKeys, found, way.Name)
				}
			}
			require.Equal(b, msgext.MaxKeys, strings.Count(string(reply), `\"Key\"`), "%.300s", reply)
			for i, way := range ways {
				b.ReportMetric(median(took[i]), way.Name+"-us")
				if i > 1 {
					b.ReportMetric(median(took[0])/median(took[i]), "of-"+way.Name)
				}
			}
		})
	}
}

// fill makes a message of 300 keys with values of 100 bytes, from fifteen webhooks, or from those
// and a read.
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
		require.NoError(b, store.Merge(b.Context(), m, msgext.Snapshot{Number: 1, Latest: latest, KeyValues: all}))
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
