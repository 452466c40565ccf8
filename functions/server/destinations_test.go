package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/internal/consumertest"
	"msgext/internal/peertest"
	"msgext/internal/processtest"
	"msgext/internal/vectortest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// One webhook is in four destinations and in the state store when OK is answered.
func TestServer_OneWebhookReachesFourDestinationsAndTheStoreBeforeOK(t *testing.T) {
	moto, brokers := peertest.Address(t, peertest.Moto), peertest.Address(t, peertest.Kafka)
	name := "msgext-" + rand.Text()
	queue, buses, queues := awsDestinations(t, moto, name)
	topic(t, brokers, name)
	consumer := consumertest.New()
	endpoint := httptest.NewServer(consumer)
	t.Cleanup(endpoint.Close)

	server := processtest.StartServer(t, binaries.Build(t, "functions/server"), []string{
		"MSGEXT_STATE=memory:",
		"MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID,
		"MSGEXT_SINKS=sqs://" + name + ".fifo eventbridge://" + name + " kafka://" + brokers + "/" + name + " " + endpoint.URL + "/events",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL_SQS=" + moto, "AWS_ENDPOINT_URL_EVENTBRIDGE=" + moto, "AWS_ENDPOINT_URL_EVENTS=" + moto,
		"MSGEXT_REPLY_BUDGET=1900ms",
	})
	sample := vectortest.Named(t, "sample-group-set")
	// The first connections to all of them may take longer on a loaded machine. The event that is
	// sent again is the same one.
	require.Eventually(t, func() bool {
		status, reply := processtest.Exchange(t, http.MethodPost, sample.URL(server.URL, time.Now()), sample.Request.Body)
		return assert.Equal(t, http.StatusOK, status) && strings.Contains(reply, `"ActionStatus":"OK"`)
	}, time.Minute, 10*time.Millisecond)

	const id = "1400000000/test/10/56/" // the digest follows
	assert.Contains(t, decoded(t, receive(t, queues, queue)).ID(), id, "SQS")
	var bridged struct{ Detail json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(receive(t, queues, buses)), &bridged))
	assert.Contains(t, decoded(t, string(bridged.Detail)).ID(), id, "EventBridge")
	assert.Contains(t, decoded(t, first(t, brokers, name)).ID(), id, "Kafka")
	message := msgext.Message{SDKAppID: vectortest.SDKAppID, GroupID: "test", MsgSeq: 10}
	assert.EqualValues(t, 56, consumer.Reply(message).LatestSeq, "HTTP")
	_, body := processtest.Exchange(t, http.MethodGet, server.URL+"/api/groups/test/messages/10/extensions", "")
	assert.Contains(t, body, `"LatestSeq":56`)
}

func decoded(t *testing.T, text string) cloudevent.Event {
	t.Helper()
	event, err := cloudevent.Decode([]byte(text))
	require.NoError(t, err)
	return event
}

// awsDestinations creates a FIFO queue, and a bus with a rule that sends to its own queue.
func awsDestinations(t *testing.T, endpoint, name string) (queue, bridged string, queues *sqs.Client) {
	t.Helper()
	cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	queues, buses := sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	ctx := t.Context()
	fifo, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name + ".fifo"), Attributes: map[string]string{"FifoQueue": "true"}})
	require.NoError(t, err)
	plain, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	require.NoError(t, err)
	_, err = buses.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &name})
	require.NoError(t, err)
	_, err = buses.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventBusName: &name, EventPattern: aws.String(`{"source":["com.tencent.chat"]}`)})
	require.NoError(t, err)
	_, err = buses.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &name, Targets: []eventbridgetypes.Target{
		{Id: aws.String("queue"), Arn: aws.String("arn:aws:sqs:eu-central-1:123456789012:" + name)},
	}})
	require.NoError(t, err)
	return *fifo.QueueUrl, *plain.QueueUrl, queues
}

func receive(t *testing.T, queues *sqs.Client, url string) string {
	t.Helper()
	got, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	require.NoError(t, err)
	require.NotEmpty(t, got.Messages)
	return *got.Messages[0].Body
}

func topic(t *testing.T, brokers, name string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...))
	require.NoError(t, err)
	defer client.Close()
	_, err = kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, name)
	require.NoError(t, err)
}

func first(t *testing.T, brokers, topic string) string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...), kgo.ConsumeTopics(topic))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	records := client.PollRecords(ctx, 1).Records()
	require.Len(t, records, 1)
	return string(records[0].Value)
}
