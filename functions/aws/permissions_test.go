package aws_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/sink/eventbridgesink"
	"msgext/pkg/sink/sqssink"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
)

// calls records requests to a service as the permissions that IAM requires for them.
type calls struct {
	mu        sync.Mutex
	asked     map[string]bool
	left      int // requests until meanwhile is called; 0 for never
	meanwhile func()
}

// after calls meanwhile once n more requests were answered.
func (c *calls) after(n int, meanwhile func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.meanwhile = n, meanwhile
}

// transactional maps the parts of a transaction to the permissions that they need, which are those
// of the single calls (Amazon DynamoDB Developer Guide, "Using IAM with DynamoDB transactions").
var transactional = map[string]string{
	"Update": "UpdateItem", "Delete": "DeleteItem", "Put": "PutItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem",
}

// Do makes a request and records it, so that calls can be the client of an aws.Config.
func (c *calls) Do(r *http.Request) (*http.Response, error) {
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	var body struct {
		IndexName     string
		TransactItems []map[string]any
	}
	if err := json.Unmarshal(content, &body); err != nil {
		return nil, err
	}
	c.mu.Lock()
	for _, part := range body.TransactItems {
		for kind := range part {
			c.asked[transactional[kind]] = true
		}
	}
	if body.TransactItems == nil {
		c.asked[strings.TrimSuffix(call+" "+body.IndexName, " ")] = true
	}
	happens := c.left == 1
	c.left = max(0, c.left-1)
	meanwhile := c.meanwhile
	c.mu.Unlock()
	answer, err := http.DefaultClient.Do(r)
	if happens {
		meanwhile()
	}
	return answer, err
}

func (c *calls) list() (all []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for call := range c.asked {
		all = append(all, call)
	}
	return all
}

// recorded returns a configuration whose calls are recorded.
func recorded(t *testing.T, service string) (aws.Config, *calls) {
	t.Helper()
	address := peertest.Address(t, service)
	c := &calls{asked: make(map[string]bool)}
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: &address, HTTPClient: c,
		Credentials: credentials.NewStaticCredentialsProvider("permissions", "secret", ""),
	}, c
}

// granted lists what a policy of the template allows. Calls on a table, queue or bus stand without
// a suffix, and calls on an index with its name.
func granted(t *testing.T, policy string) (all []string) {
	t.Helper()
	type document struct {
		PolicyDocument struct {
			Statement []struct {
				Effect           string
				Action, Resource any
			}
		}
	}
	for _, statement := range properties[document](t, read(t).Resources[policy]).PolicyDocument.Statement {
		require.Equal(t, "Allow", statement.Effect)
		for _, action := range texts(statement.Action) {
			_, call, _ := strings.Cut(action, ":")
			for _, resource := range texts(statement.Resource) {
				_, index, _ := strings.Cut(resource, "/index/")
				all = append(all, strings.TrimSuffix(call+" "+index, " "))
			}
		}
	}
	return all
}

// texts returns a text, or a list of them, as a list.
func texts(value any) (all []string) {
	if text, ok := value.(string); ok {
		return []string{text}
	}
	for _, each := range value.([]any) {
		all = append(all, each.(string))
	}
	return all
}

// The template allows each function exactly the DynamoDB calls that it makes.
func TestTemplate_GrantsWhatDynamoDBIsAsked(t *testing.T) {
	table := "msgext-" + rand.Text()
	open := func() (state.Store, *calls) {
		cfg, calls := recorded(t, peertest.DynamoDB)
		store, err := dynamostate.New(cfg, dynamostate.Options{Table: table})
		require.NoError(t, err)
		return store, calls
	}
	cfg, _ := recorded(t, peertest.DynamoDB)
	operator, err := dynamostate.New(cfg, dynamostate.Options{Table: table})
	require.NoError(t, err)
	require.NoError(t, operator.CreateTable(t.Context()))
	t.Cleanup(func() {
		_, err := dynamodb.NewFromConfig(cfg).DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &table})
		assert.NoError(t, err)
	})

	now := time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	message := func(n int) msgext.Message { return msgext.Message{SDKAppID: app, GroupID: "@TGS#1", MsgSeq: int64(n)} }
	event := func(m msgext.Message, version int64, operation msgext.Operation, keys int) msgext.Event {
		e := msgext.Event{Message: m, Operation: operation, Seq: version}
		for n := range keys {
			e.KeyValues = append(e.KeyValues, msgext.KeyValue{Key: fmt.Sprint("key", n), Value: "1", Seq: version})
		}
		return e
	}

	t.Run("webhook", func(t *testing.T) {
		store, asked := open()
		m := message(1)
		for _, e := range []msgext.Event{
			event(m, 1, msgext.Set, 3), event(m, 3, msgext.Delete, 2), event(m, 2, msgext.Set, 120), event(m, 5, msgext.Clear, 0), event(m, 5, msgext.Clear, 0),
		} {
			require.NoError(t, store.Apply(t.Context(), e, now, state.MarkNow))
			require.NoError(t, store.Apply(t.Context(), e, now, state.MarkLater))
			require.NoError(t, store.MarkSeen(t.Context(), m, e.Version()))
		}
		require.NoError(t, store.Doubt(t.Context(), m, now, state.FromWebhook))
		require.NoError(t, store.Doubt(t.Context(), message(2), now, state.FromWebhook))
		require.NoError(t, store.Announce(t.Context(), message(3), now, now))
		for n := range 6 { // a message is forgotten while one of its events is applied
			m := message(10 + n)
			asked.after(n+1, func() { _ = operator.Forget(context.Background(), m) })
			require.NoError(t, store.Apply(t.Context(), event(m, 1, msgext.Set, 3), now, state.MarkLater))
			require.NoError(t, store.MarkSeen(t.Context(), m, 1))
		}
		assert.ElementsMatch(t, granted(t, "WebhookTablePolicy"), asked.list())
	})

	t.Run("repair", func(t *testing.T) {
		store, asked := open()
		for n := range 4 {
			m := message(20 + n)
			require.NoError(t, operator.Apply(t.Context(), event(m, 4, msgext.Set, 30), now, state.MarkLater))
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			read := msgext.Snapshot{Number: now.UnixMilli(), Latest: 3, KeyValues: event(m, 3, msgext.Set, 40).KeyValues}
			require.NoError(t, store.Merge(t.Context(), m, read))
			dropped, err := store.Drop(t.Context(), m, state.Drop{Above: 3, DroppedAt: record.Check.DroppedAt, Now: now, Due: now})
			require.NoError(t, err)
			require.True(t, dropped)
			record, err = store.Load(t.Context(), m)
			require.NoError(t, err)
			require.NoError(t, store.SaveCheck(t.Context(), m, state.Outcome{
				Revision: record.Check.Revision, DroppedAt: record.Check.DroppedAt, Started: now, Floor: 3, Due: now, Tries: n % 2,
			}))
			require.NoError(t, store.Doubt(t.Context(), m, now, state.FromOperator))
			require.NoError(t, operator.Apply(t.Context(), event(m, 5, msgext.Delete, 30), now, state.MarkNow))
			record, err = store.Load(t.Context(), m)
			require.NoError(t, err)
			require.NoError(t, store.Merge(t.Context(), m, msgext.Snapshot{Number: read.Number + 1, After: read.Number, Latest: 9}))
			require.NoError(t, store.Sweep(t.Context(), m, record.Check.Revision))
			if n == 3 {
				_, err = store.Erase(t.Context(), m, record.Check.Revision)
				require.NoError(t, err)
			}
		}
		require.NoError(t, store.Announce(t.Context(), message(40), now, now))
		for _, lane := range []state.Lane{state.FirstChecks, state.Retries, state.Announced} {
			_, err := store.Due(t.Context(), lane, now.Add(time.Hour), "", 100)
			require.NoError(t, err)
		}
		_, err := store.Each(t.Context(), state.Somewhere(7), 100)
		require.NoError(t, err)
		_, err = store.Count(t.Context(), 1000)
		require.NoError(t, err)
		assert.ElementsMatch(t, granted(t, "RepairTablePolicy"), asked.list())
	})

	t.Run("read", func(t *testing.T) {
		store, asked := open()
		_, err := store.Load(t.Context(), message(1))
		require.NoError(t, err)
		assert.ElementsMatch(t, granted(t, "ReadTablePolicy"), asked.list())
	})
}

// The template allows exactly the calls that the destinations make.
func TestTemplate_GrantsWhatDestinationsAreAsked(t *testing.T) {
	cfg, bySink := recorded(t, peertest.Moto)
	plain := cfg
	plain.HTTPClient = nil
	name := "permissions-" + rand.Text()
	fifo := name + ".fifo"
	_, err := sqs.NewFromConfig(plain).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &fifo, Attributes: map[string]string{"FifoQueue": "true"}})
	require.NoError(t, err)
	_, err = eventbridge.NewFromConfig(plain).CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	require.NoError(t, err)

	event, err := cloudevent.NewGone(msgext.Message{SDKAppID: app, GroupID: "@TGS#1", MsgSeq: 1}, cloudevent.Place{ReadNumber: 1, DecidedBefore: 1}, time.UnixMilli(1))
	require.NoError(t, err)
	queue, err := sqssink.New(cfg, sqssink.Options{Queue: fifo})
	require.NoError(t, err)
	require.NoError(t, queue.Send(t.Context(), event))
	assert.ElementsMatch(t, granted(t, "QueuePolicy"), bySink.list())

	cfg, byBus := recorded(t, peertest.Moto)
	var bus sink.Sink
	bus, err = eventbridgesink.New(cfg, eventbridgesink.Options{Bus: name})
	require.NoError(t, err)
	require.NoError(t, bus.Send(t.Context(), event))
	assert.ElementsMatch(t, granted(t, "BusPolicy"), byBus.list())
}
