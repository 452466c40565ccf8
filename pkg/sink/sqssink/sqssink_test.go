package sqssink_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/sink/sinktest"
	"msgext/pkg/sink/sqssink"
)

func config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
		BaseEndpoint: &endpoint,
	}
}

// queue creates a queue for the test and returns its name and a client.
func queue(t testing.TB, endpoint, suffix string, attributes map[string]string) (string, *sqs.Client, *string) {
	t.Helper()
	client := sqs.NewFromConfig(config(endpoint))
	if suffix == ".fifo" {
		attributes = map[string]string{"FifoQueue": "true"}
	}
	name := fmt.Sprintf("events-%d%s", time.Now().UnixNano(), suffix)
	created, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, _ = client.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: created.QueueUrl})
	})
	return name, client, created.QueueUrl
}

// drain receives and deletes messages until there are none.
func drain(t testing.TB, client *sqs.Client, url *string) []types.Message {
	t.Helper()
	var all []types.Message
	for {
		got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		require.NoError(t, err)
		if len(got.Messages) == 0 {
			return all
		}
		for _, message := range got.Messages {
			_, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: message.ReceiptHandle})
			require.NoError(t, err)
		}
		all = append(all, got.Messages...)
	}
}

func open(t testing.TB, endpoint, queue string) *sqssink.Sink {
	t.Helper()
	s, err := sqssink.New(config(endpoint), sqssink.Options{Queue: queue})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestNew(t *testing.T) {
	tests := []struct {
		name     string
		queue    string
		wantName string
		wantErr  error
	}{
		{name: "name", queue: "votes_1", wantName: "sqs://votes_1"},
		{name: "FIFO name", queue: "votes.fifo", wantName: "sqs://votes.fifo"},
		{name: "URL", queue: "https://sqs.eu-central-1.amazonaws.com/123456789012/votes", wantName: "sqs://votes"},
		{name: "no queue", queue: "", wantErr: sqssink.ErrQueue},
		{name: "only the suffix", queue: ".fifo", wantErr: sqssink.ErrQueue},
		{name: "name with a dot", queue: "vo.tes", wantErr: sqssink.ErrQueue},
		{name: "name too long", queue: strings.Repeat("a", 81), wantErr: sqssink.ErrQueue},
		{name: "URL without TLS", queue: "http://sqs.eu-central-1.amazonaws.com/123456789012/votes", wantErr: sqssink.ErrQueue},
		{name: "URL without a queue", queue: "https://sqs.eu-central-1.amazonaws.com/", wantErr: sqssink.ErrQueue},
		{name: "URL with a query", queue: "https://sqs.eu-central-1.amazonaws.com/1/votes?a=b", wantErr: sqssink.ErrQueue},
		{name: "URL with a password", queue: "https://u:p@sqs.eu-central-1.amazonaws.com/1/votes", wantErr: sqssink.ErrQueue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sqssink.New(aws.Config{}, sqssink.Options{Queue: tt.queue})
			require.ErrorIs(t, err, tt.wantErr)
			if tt.wantErr == nil {
				assert.Equal(t, tt.wantName, s.Name())
				assert.NoError(t, s.Close())
			}
		})
	}
}

func TestSink_SendToStandardQueue(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	name, client, url := queue(t, endpoint, "", nil)
	s := open(t, endpoint, name)
	want := map[string]bool{}
	for version := range int64(5) {
		// U+FFFF is a legal JSON character that an SQS message may not hold.
		event := sinktest.Change(t, "@TGS#1", version, "a\uffff")
		require.NoError(t, s.Send(sinktest.Plenty(t), event))
		want[event.ID()] = true
	}
	for _, message := range drain(t, client, url) {
		assert.NotContains(t, *message.Body, "\uffff")
		event, err := cloudevent.Decode([]byte(*message.Body))
		require.NoError(t, err)
		assert.True(t, want[event.ID()], event.ID())
		assert.Contains(t, string(event.JSON()), "a")
		delete(want, event.ID())
	}
	assert.Empty(t, want)
}

func TestSink_SendToFIFOQueue(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	name, client, url := queue(t, endpoint, ".fifo", nil)
	s := open(t, endpoint, name)
	long := "@TGS#" + strings.Repeat("é", 48) // 6 characters each once escaped
	var want []string
	send := func(event cloudevent.Event, kept bool) {
		require.NoError(t, s.Send(sinktest.Plenty(t), event))
		if kept {
			want = append(want, string(event.JSON()))
		}
	}
	for version := range int64(12) {
		send(sinktest.Change(t, "@TGS#1", version, "a"), true)
	}
	send(sinktest.Change(t, "@TGS#1", 3, "a"), false)          // a repeated try of our own
	send(again(t, sinktest.Change(t, "@TGS#1", 3, "a")), true) // a redelivered webhook
	send(sinktest.Change(t, "@TGS#1", 3, "b"), true)           // a forgery, or the truth after one
	send(sinktest.Change(t, long, 1, "a"), true)

	groups := map[string]int{}
	var got []string
	for _, message := range drain(t, client, url) {
		got = append(got, *message.Body)
		groups[message.Attributes["MessageGroupId"]]++
		assert.Len(t, message.Attributes["MessageDeduplicationId"], 64)
	}
	assert.Equal(t, want, got)
	readable := sinktest.Change(t, "@TGS#1", 1, "a").PartitionKey()
	assert.Equal(t, 14, groups[readable])
	assert.Len(t, groups, 2, "the long key is hashed to a group of its own")
}

// again returns the event of the same change, received a second later.
func again(t *testing.T, event cloudevent.Event) cloudevent.Event {
	t.Helper()
	change, err := event.Change()
	require.NoError(t, err)
	later, err := cloudevent.New(change, time.UnixMilli(event.ReceivedMillis()+1000))
	require.NoError(t, err)
	require.Equal(t, event.ID(), later.ID())
	return later
}

func TestSink_SendToNoQueue(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	err := open(t, endpoint, "not-there").Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#1", 1, "a"))
	var missing *types.QueueDoesNotExist
	require.ErrorAs(t, err, &missing)
	assert.ErrorContains(t, err, "sqssink: find the queue: no queue not-there in this account and region")
}

func TestSink_SendTooLarge(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	tests := []struct {
		name       string
		attributes map[string]string
		limit      int
	}{
		{name: "the service's limit", limit: 1 << 20},
		{name: "a limit of the queue's own", attributes: map[string]string{"MaximumMessageSize": "4096"}, limit: 4096},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, client, url := queue(t, endpoint, "", tt.attributes)
			s := open(t, endpoint, name)
			var tooLarge *sink.TooLargeError
			require.ErrorAs(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#1", 1, strings.Repeat("v", tt.limit))), &tooLarge)
			assert.Equal(t, tt.limit, tooLarge.Limit)
			fits := tt.limit - (tooLarge.Size - tt.limit)
			require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#1", 2, strings.Repeat("v", fits))), "exactly at the limit")
			require.ErrorAs(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#1", 3, strings.Repeat("v", fits+1))), &tooLarge, "one byte over")
			assert.Equal(t, tt.limit+1, tooLarge.Size)
			assert.Len(t, drain(t, client, url), 1)
		})
	}
}

func TestSink_SendMarker(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	name, client, url := queue(t, endpoint, "", map[string]string{"MaximumMessageSize": "4096"})
	message := msgext.Message{SDKAppID: "1400000001", GroupID: "@TGS#1", MsgSeq: 1}
	snapshot := msgext.ReadReply{ActionStatus: "OK", CompleteFlag: 1, LatestSeq: 9, ExtensionList: []msgext.KeyValue{{Key: "k", Value: strings.Repeat("v", 4096), Seq: 9}}}
	event, err := cloudevent.NewRepaired(message, cloudevent.Truth{ReadReply: snapshot}, time.UnixMilli(1764688294360))
	require.NoError(t, err)
	require.NoError(t, open(t, endpoint, name).Send(sinktest.Plenty(t), event))

	got := drain(t, client, url)
	require.Len(t, got, 1)
	marker, err := cloudevent.Decode([]byte(*got[0].Body))
	require.NoError(t, err)
	of, truth, err := marker.Truth()
	require.NoError(t, err)
	assert.Equal(t, message, of)
	assert.Zero(t, truth.CompleteFlag, "tells the consumer to read")
	assert.Equal(t, int64(9), truth.LatestSeq)
}

// answer is the answer of a simulated SQS to one request.
type answer struct {
	status int
	body   string
}

// standIn serves the answers in order, repeats the last one, and records the requested operations.
func standIn(t testing.TB, answers ...answer) (endpoint string, operations func() []string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		next := answers[min(len(asked), len(answers)-1)]
		asked = append(asked, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS."))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(next.status)
		_, _ = io.WriteString(w, next.body)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string { mu.Lock(); defer mu.Unlock(); return asked }
}

func failure(status int, code, message string) answer {
	return answer{status, fmt.Sprintf(`{"__type":"com.amazonaws.sqs#%s","message":"%s"}`, code, message)}
}

func TestSink_SendWhatSQSAnswers(t *testing.T) {
	const url = "https://sqs.eu-central-1.amazonaws.com/123456789012/votes"
	found := answer{200, `{"QueueUrl":"` + url + `"}`}
	sent := answer{200, `{"MessageId":"1"}`}
	tests := []struct {
		name     string
		queue    string
		answers  []answer
		want     []string // operations of two Sends of the same event
		wantText string   // of the first Send's error
	}{
		{name: "the URL is looked up once", queue: "votes", answers: []answer{found, sent},
			want: []string{"GetQueueUrl", "SendMessage", "SendMessage"}},
		{name: "a URL is not looked up", queue: url, answers: []answer{sent},
			want: []string{"SendMessage", "SendMessage"}},
		{name: "a look-up that fails is made again", queue: "votes", answers: []answer{failure(403, "AccessDenied", "no"), found, sent},
			want:     []string{"GetQueueUrl", "GetQueueUrl", "SendMessage"},
			wantText: "sqssink: find the queue: AccessDenied (HTTP 403)"},
		{name: "throttled", queue: url, answers: []answer{failure(400, "ThrottlingException", "slow"), sent},
			want: []string{"SendMessage", "SendMessage", "SendMessage"}},
		{name: "unavailable", queue: url, answers: []answer{{503, ""}, sent},
			want: []string{"SendMessage", "SendMessage", "SendMessage"}},
		{name: "refused for good", queue: url, answers: []answer{failure(400, "InvalidMessageContents", "has planted-value"), sent},
			want:     []string{"SendMessage", "SendMessage"},
			wantText: "sqssink: InvalidMessageContents (HTTP 400)"},
		{name: "something else arrived", queue: url, answers: []answer{{200, `{"MessageId":"1","MD5OfMessageBody":"00000000000000000000000000000000"}`}, sent},
			want: []string{"SendMessage", "SendMessage", "SendMessage"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			endpoint, operations := standIn(t, tt.answers...)
			s := open(t, endpoint, tt.queue)
			event := sinktest.Change(t, "@TGS#1", 1, "planted-value")
			err := s.Send(sinktest.Plenty(t), event)
			if tt.wantText == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.wantText)
			}
			require.NoError(t, s.Send(sinktest.Plenty(t), event))
			assert.Equal(t, tt.want, operations())
		})
	}
}

func TestSink_SendHonoursTheContext(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	s := open(t, server.URL, "votes")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Send(ctx, sinktest.Change(t, "@TGS#1", 1, "a")), context.DeadlineExceeded)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Send(cancelled, sinktest.Change(t, "@TGS#1", 1, "a")), context.Canceled)
}

func TestSink_Faults(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	proxy := sinktest.NewProxy(t, strings.TrimPrefix(endpoint, "http://"))
	name, client, url := queue(t, endpoint, ".fifo", nil)
	sinktest.Faults(t, proxy, open(t, "http://"+proxy.Address, name), func() []cloudevent.Event {
		var all []cloudevent.Event
		for _, message := range drain(t, client, url) {
			event, err := cloudevent.Decode([]byte(*message.Body))
			require.NoError(t, err)
			all = append(all, event)
		}
		return all
	})
}
