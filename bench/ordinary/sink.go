package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/bench/peer"
)

// cloudEvent is the event that an ordinary function makes of a webhook.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Subject         string          `json:"subject"`
	Type            string          `json:"type"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Sequence        string          `json:"sequence"`
	PartitionKey    string          `json:"partitionkey"`
	Received        string          `json:"received"`
	Data            json.RawMessage `json:"data"`
}

var operations = map[int]string{1: "set", 2: "deleted", 3: "cleared"}

// encode returns the event by encoding/json.
func encode(event peer.Event, body []byte) ([]byte, error) {
	key := peer.AppID + "/" + group(event)
	return json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: key + "/" + strconv.FormatInt(event.Seq, 10), Source: "/chat/" + peer.AppID + "/groups/" + url.PathEscape(event.GroupId),
		Subject: "messages/" + strconv.FormatInt(event.MsgSeq, 10), Type: "com.tencent.chat.group.msgextension." + operations[event.OperateType],
		Time: time.UnixMilli(event.EventTime).UTC(), DataContentType: "application/json", Sequence: fmt.Sprintf("%020d", event.Seq),
		PartitionKey: key, Received: fmt.Sprintf("%020d", time.Now().UnixMilli()), Data: body,
	})
}

// openSink returns the plain call of a sink's client.
func openSink(ctx context.Context, location *url.URL) (peer.Deliver, error) {
	send, err := sender(ctx, location)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event peer.Event, body []byte) error {
		encoded, err := encode(event, body)
		if err != nil {
			return err
		}
		return send(ctx, group(event), strconv.FormatInt(event.Seq, 10), encoded)
	}, nil
}

type send func(ctx context.Context, message, version string, event []byte) error

func sender(ctx context.Context, location *url.URL) (send, error) {
	switch location.Scheme {
	case "stdout":
		return func(_ context.Context, _, _ string, event []byte) error {
			_, err := os.Stdout.Write(append(event, '\n'))
			return err
		}, nil
	case "http", "https":
		return sendHTTP(location.String()), nil
	case "kafka":
		client, err := kgo.NewClient(kgo.SeedBrokers(location.Host), kgo.DefaultProduceTopic(strings.TrimPrefix(location.Path, "/")))
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, message, _ string, event []byte) error {
			return client.ProduceSync(ctx, &kgo.Record{Key: []byte(message), Value: event}).FirstErr()
		}, nil
	case "sqs", "eventbridge":
		config, err := awsconfig.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		if location.Scheme == "sqs" {
			return sendSQS(ctx, sqs.NewFromConfig(config), location.Host)
		}
		return sendEventBridge(eventbridge.NewFromConfig(config), location.Host), nil
	}
	return nil, fmt.Errorf("DELIVERY: no scheme %q", location.Scheme)
}

func sendHTTP(address string) send {
	return func(ctx context.Context, _, _ string, event []byte) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(event))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/cloudevents+json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode >= 300 {
			return fmt.Errorf("status %d", response.StatusCode)
		}
		return nil
	}
}

func sendSQS(ctx context.Context, client *sqs.Client, queue string) (send, error) {
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _, _ string, event []byte) error {
		_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: found.QueueUrl, MessageBody: aws.String(string(event))})
		return err
	}, nil
}

func sendEventBridge(client *eventbridge.Client, bus string) send {
	return func(ctx context.Context, _, _ string, event []byte) error {
		out, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventbridgetypes.PutEventsRequestEntry{{
			EventBusName: &bus, Source: aws.String("com.tencent.chat"), DetailType: aws.String("msgextension"), Detail: aws.String(string(event)),
		}}})
		if err == nil && out.FailedEntryCount > 0 {
			err = fmt.Errorf("refused: %s", aws.ToString(out.Entries[0].ErrorCode))
		}
		return err
	}
}
