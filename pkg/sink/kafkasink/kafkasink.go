// Package kafkasink sends events to an Apache Kafka topic, or to a topic of a service with the same
// protocol, such as Tencent CKafka. A record's key is the event's partition key, so the events of
// one message stay in one partition and in order. Its value is the event in structured mode
// (CloudEvents Kafka protocol binding 1.0.2, sections 3.1 and 3.3,
// github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md).
//
// It is for programs that build a receiver or a repairer with this destination. Its API is v0:
// it may change with any release.
package kafkasink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/internal/outbound"
	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

// ErrTopic is Send's error if the topic does not exist, or if we have no right to see it.
var ErrTopic = errors.New("no such topic")

// Sink sends to one topic. It is safe for concurrent use.
type Sink struct {
	topic     string
	limit     atomic.Int64 // bytes; lowered when the topic refuses a record
	options   []kgo.Opt
	lastError lastError

	mu     sync.Mutex
	client *kgo.Client // made by the first Send
	closed bool
}

var _ sink.Sink = (*Sink)(nil)

// New returns a sink for the topic of options. It does no I/O, and the client is made for the first
// event. Its error wraps ErrOptions.
func New(options Options) (*Sink, error) {
	if options.MaxBytes == 0 {
		options.MaxBytes = DefaultMaxBytes
	}
	s := &Sink{topic: options.Topic}
	s.limit.Store(int64(options.MaxBytes))
	var err error
	s.options, err = options.client(&s.lastError)
	return s, err
}

// Name implements sink.Sink: kafka://TOPIC.
func (s *Sink) Name() string { return "kafka://" + s.topic }

// contentType marks structured mode (Kafka protocol binding, section 3.3.1).
var contentType = []kgo.RecordHeader{{Key: "content-type", Value: []byte(cloudevent.ContentType)}}

// Send implements sink.Sink. It returns nil once every in-sync replica has the record. Retries
// within one Send add no second record, because the producer is idempotent. After an error the
// client drops the record and does not send it later. Only a request that was already written may
// still take effect.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	return sink.SendOrMarker(ctx, event, s.send)
}

func (s *Sink) send(ctx context.Context, event cloudevent.Event) error {
	record := kgo.Record{Topic: s.topic, Key: []byte(event.PartitionKey()), Value: event.JSON(), Headers: contentType}
	size := batchSize(&record)
	if limit := int(s.limit.Load()); size > limit {
		return &sink.TooLargeError{Size: size, Limit: limit}
	}
	client, err := s.open()
	if err != nil {
		return fmt.Errorf("kafkasink: %w", err)
	}
	err = s.produce(ctx, client, record)
	if errors.Is(err, kerr.MessageTooLarge) {
		limit, ok := topicLimit(ctx, client, s.topic)
		if !ok {
			limit = size - 1 // all that is known of the limit
		}
		s.limit.Store(int64(limit))
		return &sink.TooLargeError{Size: size, Limit: limit}
	}
	if err != nil {
		return fmt.Errorf("kafkasink: %w", err)
	}
	return nil
}

// produce gives record to the client and waits for the outcome or the end of ctx.
func (s *Sink) produce(ctx context.Context, client *kgo.Client, record kgo.Record) error {
	begun := time.Now()
	return outbound.Policy{First: firstBackoff, Longest: firstBackoff}.Do(ctx, func(ctx context.Context) error {
		outcome := make(chan error, 1)
		try := record // the client writes into it
		client.Produce(ctx, &try, func(_ *kgo.Record, err error) { outcome <- err })
		var err error
		select {
		case err = <-outcome:
			err = outbound.WithoutAddress(err)
		case <-ctx.Done(): // the client notices too, but perhaps only after a dial has timed out
			err = ctx.Err()
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			// Otherwise the client would keep asking for it in the background.
			client.PurgeTopicsFromProducing(s.topic)
			return fmt.Errorf("%w: %w", ErrTopic, err)
		case ctx.Err() != nil:
			return s.lastError.explain(ctx.Err(), begun)
		case final(err) || time.Since(begun) > lostAfter:
			return err
		}
		return outbound.Again(err, 0)
	})
}

// final reports whether err is an answer of a broker, or means that the client is closed. Any other
// error is temporary. One is a broken connection that the client mistakes for a wrong
// configuration. Another is the end of another Send's context: when the client gives up one record,
// it gives up all records that wait for the same partition.
func final(err error) bool {
	var answer *kerr.Error
	return errors.As(err, &answer) || errors.Is(err, kgo.ErrClientClosed)
}

// open returns the client. Creating it starts its goroutines but opens no connection.
func (s *Sink) open() (*kgo.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, sink.ErrClosed
	}
	if s.client == nil {
		client, err := kgo.NewClient(s.options...)
		if err != nil {
			return nil, err
		}
		s.client = client
	}
	return s.client, nil
}

// Close implements sink.Sink. It cancels records that are still being sent.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.client != nil {
		s.client.Close()
		s.client = nil
	}
	return nil
}
