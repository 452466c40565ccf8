package repair_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/dynamostate/dynamotest"
	"msgext/pkg/state/memstate"
)

// side does something for each of n, so many at once.
func side(n, atOnce int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

func localDynamoDB(t testing.TB) aws.Config {
	return aws.Config{
		Region: "local", BaseEndpoint: aws.String(peertest.Address(t, peertest.DynamoDB)),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "repair", SecretAccessKey: "test"}, nil
		}),
	}
}

// BenchmarkRun_SettleOnly is one run over messages that need nothing but to be settled, on DynamoDB
// Local behind an index that lags 2 s, beside as many bare writes of one item.
func BenchmarkRun_SettleOnly(b *testing.B) {
	const messages, atOnce = 12_000, repair.DefaultConcurrency
	cfg := localDynamoDB(b)
	table := "msgext-" + rand.Text()
	lagging := dynamotest.Lagging(cfg, 2*time.Second, time.Now)
	store, err := dynamostate.New(lagging, dynamostate.Options{Table: table})
	require.NoError(b, err)
	require.NoError(b, store.CreateTable(b.Context()))
	client := dynamodb.NewFromConfig(cfg)
	defer func() { _, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &table}) }()
	heard := time.Now().Add(-time.Minute)
	for b.Loop() {
		group := rand.Text()
		b.StopTimer()
		side(messages, atOnce, func(i int) {
			m := msgext.Message{SDKAppID: app, GroupID: group, MsgSeq: int64(i)}
			event := msgext.Event{Message: m, Operation: msgext.Set, Seq: 1, KeyValues: []msgext.KeyValue{{Key: "alice", Value: "1", Seq: 1}}}
			require.NoError(b, store.Apply(b.Context(), event, heard, state.MarkNow))
		})
		time.Sleep(3 * time.Second)
		r := repair.New(repair.Options{Store: store, SDKAppID: app, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
		b.StartTimer()
		began := time.Now()
		report, err := r.Run(b.Context())
		require.NoError(b, err)
		took := time.Since(began)
		b.StopTimer()
		began = time.Now()
		side(messages, atOnce, func(i int) {
			_, err := client.UpdateItem(b.Context(), &dynamodb.UpdateItemInput{
				TableName: &table,
				Key: map[string]types.AttributeValue{
					"pk": &types.AttributeValueMemberS{Value: fmt.Sprint("bare ", i)}, "sk": &types.AttributeValueMemberS{Value: "bare"},
				},
				UpdateExpression:          aws.String("SET a = :a"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":a": &types.AttributeValueMemberN{Value: "1"}},
			})
			require.NoError(b, err)
		})
		bare := time.Since(began)
		b.StartTimer()
		b.ReportMetric(float64(report.Checked), "messages/run")
		b.ReportMetric(float64(report.Checked)/took.Seconds(), "messages/s")
		b.ReportMetric(messages/bare.Seconds(), "bare-writes/s")
	}
}

// slowChat carries REST calls in 10 to 150 ms; one in a hundred is never answered.
type slowChat struct {
	handler http.Handler
	calls   atomic.Int64
}

func (c *slowChat) RoundTrip(r *http.Request) (*http.Response, error) {
	call := c.calls.Add(1)
	if call%100 == 50 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	sleep(r.Context(), time.Duration(10+call*37%141)*time.Millisecond)
	reply := httptest.NewRecorder()
	c.handler.ServeHTTP(reply, r)
	return reply.Result(), nil
}

// BenchmarkRun_ReadBack is one run over more messages than there is time to read, beside the calls
// that Chat allows.
func BenchmarkRun_ReadBack(b *testing.B) {
	const limit = 200 // calls a second, trtc.io/document/52169
	chat := chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key"})
	slow := &slowChat{handler: chat.Handler()}
	client, err := chatapi.New(chatapi.Options{
		Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", HTTPClient: &http.Client{Transport: slow},
	})
	require.NoError(b, err)
	for b.Loop() {
		b.StopTimer()
		store := memstate.New()
		for i := range limit * 60 {
			m := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: int64(i)}
			chat.Add(m)
			event := msgext.Event{Message: m, Operation: msgext.Set, Seq: 2, KeyValues: []msgext.KeyValue{{Key: "alice", Value: "1", Seq: 2}}}
			require.NoError(b, store.Apply(b.Context(), event, time.Now().Add(-time.Minute), state.MarkNow))
		}
		const handing = 40 * time.Second // a run hands out messages until 10 s before its end
		var read, made atomic.Int64
		var until time.Time
		r := repair.New(repair.Options{
			Store: store, SDKAppID: app, Chat: client, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
			Observe: func(msgext.Message, msgext.Snapshot, time.Time) {
				if time.Now().Before(until) {
					read.Add(1)
					made.Store(slow.calls.Load())
				}
			},
		})
		calls := slow.calls.Load()
		b.StartTimer()
		until = time.Now().Add(handing)
		_, err := r.Run(b.Context())
		require.NoError(b, err)
		seconds := handing.Seconds()
		b.ReportMetric(float64(read.Load())/seconds, "messages/s")
		b.ReportMetric(float64(made.Load()-calls)/seconds, "calls/s")
		b.ReportMetric(100*float64(read.Load())/seconds/limit, "%-of-limit")
	}
}
