package dynamostate_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader/readertest"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// BenchmarkApply measures the next event of a message, including its mark, and its floor: as many
// plain UpdateItem calls in the same order, one, then one for each key concurrently, then one.
func BenchmarkApply(b *testing.B) {
	table := newTable(b)
	store, client := open(b, local(b), table), dynamodb.NewFromConfig(local(b))
	for _, has := range []int{3, 300} {
		for _, keys := range []int{1, 20} {
			b.Run(fmt.Sprintf("%d keys, message of %d", keys, has), func(b *testing.B) {
				message := func() msgext.Message {
					m := statetest.NewMessage()
					require.NoError(b, store.Apply(b.Context(), event(m, 1, 0, min(has, 20)), start, state.MarkNow))
					for from := 20; from < has; from += 20 {
						require.NoError(b, store.Apply(b.Context(), event(m, 1, from, 20), start, state.MarkNow))
					}
					return m
				}
				apply := func(ctx context.Context, m msgext.Message, version int64) error {
					return store.Apply(ctx, event(m, version, 0, keys), start, state.MarkNow)
				}
				floor := func(ctx context.Context, m msgext.Message, version int64) error {
					return bare(ctx, client, table, event(m, version, 0, keys))
				}
				for _, run := range []struct {
					name  string
					apply func(context.Context, msgext.Message, int64) error
				}{{"store", apply}, {"floor", floor}} {
					b.Run(run.name, func(b *testing.B) {
						m, version := message(), int64(1)
						b.ReportAllocs()
						for b.Loop() {
							version++
							require.NoError(b, run.apply(b.Context(), m, version))
						}
					})
					b.Run(run.name+" in parallel", func(b *testing.B) {
						// Each writer has its own message.
						messages := make([]msgext.Message, runtime.GOMAXPROCS(0))
						for i := range messages {
							messages[i] = message()
						}
						var writers atomic.Int64
						b.ReportAllocs()
						b.ResetTimer()
						b.RunParallel(func(pb *testing.PB) {
							m := messages[writers.Add(1)-1]
							for version := int64(2); pb.Next(); version++ {
								assert.NoError(b, run.apply(b.Context(), m, version))
							}
						})
					})
				}
			})
		}
	}
}

func event(m msgext.Message, version int64, from, keys int) msgext.Event {
	names := make([]string, keys)
	for i := range names {
		names[i] = fmt.Sprint("user ", from+i)
	}
	return statetest.SetEvent(m, version, "some value", names...)
}

func bare(ctx context.Context, client *dynamodb.Client, table string, event msgext.Event) error {
	set := func(sortKey, value string) error {
		_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName:                 &table,
			Key:                       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: event.Message.Path()}, "sk": &types.AttributeValueMemberS{Value: "bare" + sortKey}},
			UpdateExpression:          aws.String("SET val = :val"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":val": &types.AttributeValueMemberS{Value: value}},
		})
		return err
	}
	if err := set("", "head"); err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, len(event.KeyValues))
	for i, kv := range event.KeyValues {
		all.Go(func() { errs[i] = set(kv.Key, kv.Value) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return set("", "mark")
}

// BenchmarkRead compares reading through the function with one plain Query of the message's items,
// consistent like the store's. The read is in one of the items as gzipped JSON.
func BenchmarkRead(b *testing.B) {
	table := newTable(b)
	client := dynamodb.NewFromConfig(local(b))
	readertest.BenchmarkRead(b, open(b, local(b), table), readertest.Query{Name: "bare", Run: func(ctx context.Context, m msgext.Message, isRead bool) (found int, err error) {
		page, err := client.Query(ctx, &dynamodb.QueryInput{
			TableName: &table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: m.Path()}},
		})
		if err != nil {
			return 0, err
		}
		for _, item := range page.Items {
			if packed, ok := item["key_values"].(*types.AttributeValueMemberB); ok && isRead {
				unpacked, err := gzip.NewReader(bytes.NewReader(packed.Value))
				if err != nil {
					return 0, err
				}
				var read []msgext.KeyValue
				if err := json.NewDecoder(unpacked).Decode(&read); err != nil {
					return 0, err
				}
				found += len(read)
			}
			if _, ok := item["key"]; ok && !isRead {
				found++
			}
		}
		return found, nil
	}})
}
