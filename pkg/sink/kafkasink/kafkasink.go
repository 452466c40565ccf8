// Package kafkasink sends events to an Apache Kafka topic, or to one of a service that
// speaks its protocol, such as Tencent CKafka. A record's key is the event's partition key, so the
// events of one message stay in one partition and in order; its value is the event in structured
// mode (CloudEvents Kafka protocol binding 1.0.2, sections 3.1 and 3.3,
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

// Errors that Send wraps.
var (
	// ErrTopic says that the topic does not exist, or that we may not know of it.
	ErrTopic = errors.New("no such topic")

	ErrClosed = sink.ErrClosed
)

// Sink sends to one topic. It is safe for concurrent use.
type Sink struct {
	topic   string
	limit   atomic.Int64 // bytes; what the topic has turned out to take
	options []kgo.Opt
	trouble trouble

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
	s.options, err = options.client(&s.trouble)
	return s, err
}

// Name implements sink.Sink: kafka://TOPIC.
func (s *Sink) Name() string { return "kafka://" + s.topic }

// contentType marks structured mode (Kafka protocol binding, section 3.3.1).
var contentType = []kgo.RecordHeader{{Key: "content-type", Value: []byte(cloudevent.ContentType)}}

// Send implements sink.Sink: every replica in sync has the record. A retry inside one Send adds no
// second record, since the producer is idempotent. After an error the client gives the record up:
// it is not sent later, except that a request already written may still be carried out.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	return sink.SendOrMarker(ctx, event, s.send)
}

func (s *Sink) send(ctx context.Context, event cloudevent.Event) error {
	record := kgo.Record{Topic: s.topic, Key: []byte(event.PartitionKey()), Value: event.JSON(), Headers: contentType}
	size := batchSize(&record)
	if limit := int(s.limit.Load()); size > limit {
		return &sink.TooLargeError{Sink: s.Name(), Size: size, Limit: limit}
	}
	client, err := s.open()
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name(), err)
	}
	err = s.produce(ctx, client, record)
	if errors.Is(err, kerr.MessageTooLarge) {
		limit, ok := topicLimit(ctx, client, s.topic)
		if !ok {
			limit = size - 1 // all that we know of it
		}
		s.limit.Store(int64(limit))
		return &sink.TooLargeError{Sink: s.Name(), Size: size, Limit: limit}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name(), err)
	}
	return nil
}

// produce hands record to the client and waits for the outcome or the end of ctx.
func (s *Sink) produce(ctx context.Context, client *kgo.Client, record kgo.Record) error {
	begun := time.Now()
	return outbound.Policy{First: firstBackoff, Longest: firstBackoff}.Do(ctx, func(ctx context.Context) error {
		outcome := make(chan error, 1)
		try := record // the client writes into it
		client.Produce(ctx, &try, func(_ *kgo.Record, err error) { outcome <- err })
		var err error
		select {
		case err = <-outcome:
		case <-ctx.Done(): // the client finds out too, but perhaps only after a dial has timed out
			err = ctx.Err()
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			client.PurgeTopicsFromProducing(s.topic) // else the client would go on asking for it in the background
			return fmt.Errorf("%w: %w", ErrTopic, err)
		case ctx.Err() != nil:
			return s.trouble.explain(ctx.Err(), begun)
		case final(err) || time.Since(begun) > lostAfter:
			return err
		}
		return outbound.Again(err, 0)
	})
}

// final reports whether err is a broker's answer or our own end. Anything else passes: a connection
// that broke in a way the client takes for a wrong configuration, or another Send whose context has
// ended, since the client gives up all that waits for a partition when it gives up one record.
func final(err error) bool {
	var answer *kerr.Error
	return errors.As(err, &answer) || errors.Is(err, kgo.ErrClientClosed)
}

// open returns the client. Making one starts its goroutines and dials nothing.
func (s *Sink) open() (*kgo.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
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

// Close implements sink.Sink. It ends what is still being sent.
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
