package eventbridgesink_test

import (
	"context"
	"encoding/json"
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
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/sink/eventbridgesink"
	"msgext/pkg/sink/sinktest"
)

func config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
		BaseEndpoint: &endpoint,
	}
}

// bus creates a bus for the test, with a rule that passes our events to a queue. It returns the
// bus's name and ARN, and a function that receives the events from the queue.
func bus(t testing.TB, endpoint string) (name, arn string, drain func() []string) {
	t.Helper()
	buses, queues := eventbridge.NewFromConfig(config(endpoint)), sqs.NewFromConfig(config(endpoint))
	name = fmt.Sprintf("events-%d", time.Now().UnixNano())
	created, err := buses.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	require.NoError(t, err)
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	require.NoError(t, err)
	attributes, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	require.NoError(t, err)
	_, err = buses.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: &name, EventBusName: &name, EventPattern: aws.String(`{"source":["com.tencent.chat"]}`),
	})
	require.NoError(t, err)
	_, err = buses.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: &name, EventBusName: &name,
		Targets: []types.Target{{Id: aws.String("queue"), Arn: aws.String(attributes.Attributes["QueueArn"])}},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.Background()
		_, _ = buses.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, EventBusName: &name, Ids: []string{"queue"}})
		_, _ = buses.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &name})
		_, _ = buses.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &name})
		_, _ = queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: queue.QueueUrl})
	})
	return name, *created.EventBusArn, func() []string {
		var all []string
		for {
			got, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10})
			require.NoError(t, err)
			if len(got.Messages) == 0 {
				return all
			}
			for _, message := range got.Messages {
				all = append(all, *message.Body)
			}
		}
	}
}

func open(t testing.TB, endpoint, bus string) *eventbridgesink.Sink {
	t.Helper()
	s, err := eventbridgesink.New(config(endpoint), eventbridgesink.Options{Bus: bus})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestNew(t *testing.T) {
	tests := []struct {
		name     string
		bus      string
		wantName string
		wantErr  error
	}{
		{name: "default", bus: "default", wantName: "eventbridge://default"},
		{name: "name", bus: "votes-1._", wantName: "eventbridge://votes-1._"},
		{name: "ARN", bus: "arn:aws-cn:events:cn-north-1:123456789012:event-bus/votes", wantName: "eventbridge://votes"},
		{name: "no bus", bus: "", wantErr: eventbridgesink.ErrBus},
		{name: "character a name cannot have", bus: "votes 1", wantErr: eventbridgesink.ErrBus},
		{name: "too long", bus: strings.Repeat("a", 257), wantErr: eventbridgesink.ErrBus},
		{name: "ARN of something else", bus: "arn:aws:sqs:eu-central-1:123456789012:votes", wantErr: eventbridgesink.ErrBus},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := eventbridgesink.New(aws.Config{}, eventbridgesink.Options{Bus: tt.bus})
			require.ErrorIs(t, err, tt.wantErr)
			if tt.wantErr == nil {
				assert.Equal(t, tt.wantName, s.Name())
				assert.NoError(t, s.Close())
			}
		})
	}
}

func TestSink_Send(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	name, arn, drain := bus(t, endpoint)
	for _, by := range []string{name, arn} {
		s := open(t, endpoint, by)
		want := sinktest.Change(t, "@TGS#1", 1, "a")
		require.NoError(t, s.Send(sinktest.Plenty(t), want))

		got := drain()
		require.Len(t, got, 1)
		var received struct {
			Source     string          `json:"source"`
			DetailType string          `json:"detail-type"`
			Time       time.Time       `json:"time"`
			Detail     json.RawMessage `json:"detail"`
		}
		require.NoError(t, json.Unmarshal([]byte(got[0]), &received))
		assert.Equal(t, eventbridgesink.Source, received.Source)
		assert.Equal(t, "com.tencent.chat.group.msgextension.set", received.DetailType)
		assert.Equal(t, want.Time().Unix(), received.Time.Unix())
		event, err := cloudevent.Decode(received.Detail)
		require.NoError(t, err)
		assert.Equal(t, want.ID(), event.ID())
		assert.JSONEq(t, string(want.JSON()), string(received.Detail))
	}
}

func TestSink_SendToNoBus(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	err := open(t, endpoint, "not-there").Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#1", 1, "a"))
	var missing *types.ResourceNotFoundException
	require.ErrorAs(t, err, &missing)
	assert.ErrorContains(t, err, "eventbridgesink: no such bus in this account and region")
}

func TestSink_SendMarker(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	name, _, drain := bus(t, endpoint)
	message := msgext.Message{SDKAppID: "1400000001", GroupID: "@TGS#1", MsgSeq: 1}
	snapshot := msgext.ReadReply{ActionStatus: "OK", CompleteFlag: 1, LatestSeq: 9, ExtensionList: []msgext.KeyValue{{Key: "k", Value: strings.Repeat("v", 1<<20), Seq: 9}}}
	event, err := cloudevent.NewRepaired(message, cloudevent.Truth{ReadReply: snapshot}, time.UnixMilli(1764688294360))
	require.NoError(t, err)
	require.NoError(t, open(t, endpoint, name).Send(sinktest.Plenty(t), event))

	got := drain()
	require.Len(t, got, 1)
	var received struct{ Detail json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(got[0]), &received))
	marker, err := cloudevent.Decode(received.Detail)
	require.NoError(t, err)
	of, truth, err := marker.Truth()
	require.NoError(t, err)
	assert.Equal(t, message, of)
	assert.Zero(t, truth.CompleteFlag, "tells the consumer to read")
	assert.Equal(t, int64(9), truth.LatestSeq)
}

func TestSink_SendTypeTooLong(t *testing.T) {
	endpoint, operations := standIn(t, put)
	event, err := cloudevent.NewForwarded("1400000001", strings.Repeat("c", 128), []byte("{}"), time.Time{})
	require.NoError(t, err)
	require.ErrorIs(t, open(t, endpoint, "default").Send(sinktest.Plenty(t), event), eventbridgesink.ErrType)
	assert.Empty(t, operations(), "EventBridge would take it and drop it")
}

// answer is the answer of a simulated EventBridge to one request.
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
		asked = append(asked, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSEvents."))
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(next.status)
		_, _ = io.WriteString(w, next.body)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string { mu.Lock(); defer mu.Unlock(); return asked }
}

func failure(status int, code, message string) answer {
	return answer{status, fmt.Sprintf(`{"__type":"%s","message":"%s"}`, code, message)}
}

func failedEntry(code string) answer {
	return answer{200, fmt.Sprintf(`{"FailedEntryCount":1,"Entries":[{"ErrorCode":"%s","ErrorMessage":"about planted-value"}]}`, code)}
}

var (
	put       = answer{200, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`}
	described = answer{200, `{"Name":"votes"}`}
)

func TestSink_SendWhatEventBridgeAnswers(t *testing.T) {
	const arn = "arn:aws:events:eu-central-1:123456789012:event-bus/votes"
	tests := []struct {
		name     string
		bus      string
		answers  []answer
		want     []string // operations of two Sends of the same event
		wantText string   // of the first Send's error
	}{
		{name: "the bus is looked for once", bus: "votes", answers: []answer{described, put},
			want: []string{"DescribeEventBus", "PutEvents", "PutEvents"}},
		{name: "the default bus is not", bus: "default", answers: []answer{put},
			want: []string{"PutEvents", "PutEvents"}},
		{name: "a bus that we may not look for", bus: "votes", answers: []answer{failure(400, "AccessDeniedException", "no"), described, put},
			want:     []string{"DescribeEventBus", "DescribeEventBus", "PutEvents"},
			wantText: "eventbridgesink: make sure that the bus exists (events:DescribeEventBus): AccessDeniedException (HTTP 400)"},
		{name: "a bus of another account that we may not look for", bus: arn, answers: []answer{failure(400, "AccessDeniedException", "no"), put},
			want: []string{"DescribeEventBus", "PutEvents", "PutEvents"}},
		{name: "entry failed for the moment", bus: "default", answers: []answer{failedEntry("InternalFailure"), failedEntry("ThrottlingException"), put},
			want: []string{"PutEvents", "PutEvents", "PutEvents", "PutEvents"}},
		{name: "entry refused", bus: "default", answers: []answer{failedEntry("NotAuthorizedForSourceException"), put},
			want:     []string{"PutEvents", "PutEvents"},
			wantText: "eventbridgesink: NotAuthorizedForSourceException (HTTP 200)"},
		{name: "success that is none", bus: "default", answers: []answer{{200, `{}`}, put},
			want:     []string{"PutEvents", "PutEvents"},
			wantText: "eventbridgesink: Unknown (HTTP 200)"},
		{name: "throttled", bus: "default", answers: []answer{failure(400, "ThrottlingException", "slow"), put},
			want: []string{"PutEvents", "PutEvents", "PutEvents"}},
		{name: "unavailable", bus: "default", answers: []answer{failure(500, "InternalException", "oops"), put},
			want: []string{"PutEvents", "PutEvents", "PutEvents"}},
		{name: "a message that repeats the content", bus: "default", answers: []answer{failure(400, "ValidationException", "has planted-value"), put},
			want:     []string{"PutEvents", "PutEvents"},
			wantText: "eventbridgesink: ValidationException (HTTP 400)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			endpoint, operations := standIn(t, tt.answers...)
			s := open(t, endpoint, tt.bus)
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

func TestSink_SendTooLarge(t *testing.T) {
	const limit = 1<<20 - 1
	overhead := len(sinktest.Change(t, "@TGS#1", 1, "").JSON()) + len(eventbridgesink.Source) + len("com.tencent.chat.group.msgextension.set") + 14
	fits := sinktest.Change(t, "@TGS#1", 1, strings.Repeat("v", limit-overhead))
	over := sinktest.Change(t, "@TGS#1", 1, strings.Repeat("v", limit-overhead+1))

	endpoint, operations := standIn(t, put)
	s := open(t, endpoint, "default")
	require.NoError(t, s.Send(sinktest.Plenty(t), fits))
	var tooLarge *sink.TooLargeError
	require.ErrorAs(t, s.Send(sinktest.Plenty(t), over), &tooLarge)
	assert.Equal(t, sink.TooLargeError{Size: limit + 1, Limit: limit}, *tooLarge)
	assert.Len(t, operations(), 1, "what cannot be taken is not sent")

	t.Run("where the limit is still 256 KB", func(t *testing.T) {
		endpoint, _ := standIn(t, failure(400, "ValidationException", "Total size of the entries in the request is over the limit."))
		require.ErrorAs(t, open(t, endpoint, "default").Send(sinktest.Plenty(t), fits), &tooLarge)
		assert.Equal(t, 1<<18-1, tooLarge.Limit)
	})
}

func TestSink_SendHonoursTheContext(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	s := open(t, server.URL, "default")
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
	name, _, drain := bus(t, endpoint)
	sinktest.Faults(t, proxy, open(t, "http://"+proxy.Address, name), func() []cloudevent.Event {
		var all []cloudevent.Event
		for _, body := range drain() {
			var received struct{ Detail json.RawMessage }
			require.NoError(t, json.Unmarshal([]byte(body), &received))
			event, err := cloudevent.Decode(received.Detail)
			require.NoError(t, err)
			all = append(all, event)
		}
		return all
	})
}
