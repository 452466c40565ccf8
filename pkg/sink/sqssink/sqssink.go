// Package sqssink sends events to an Amazon SQS queue, standard or FIFO. The message's
// body is the event in the CloudEvents structured JSON format; it has no attributes.
//
// It is for programs that build a receiver or a repairer with this destination. Its API is v0:
// it may change with any release.
package sqssink

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
	"msgext/pkg/sink/internal/awscall"
)

// ErrQueue is New's error for a queue that is neither a name nor an https URL.
var ErrQueue = errors.New("sqssink: queue is neither a name nor an https URL")

// Options says where events go.
type Options struct {
	// Queue is the name of a queue of this account and region, or the queue's URL. The URL of a
	// name is looked up (sqs:GetQueueUrl) before the first event. It is a FIFO queue if it ends in
	// .fifo, as the name of every FIFO queue must.
	Queue string
}

// Sink sends to one queue. It is safe for concurrent use.
type Sink struct {
	name   string // of the queue
	fifo   bool
	limit  atomic.Int64 // bytes; lowered when the queue refuses a message
	url    atomic.Pointer[string]
	caller awscall.Caller
	client func() *sqs.Client
}

var _ sink.Sink = (*Sink)(nil)

// New returns a sink for the queue of options, in the region and with the credentials of
// cfg. It does no I/O, and the client is made for the first event. Its error is ErrQueue.
func New(cfg aws.Config, options Options) (*Sink, error) {
	s := &Sink{name: options.Queue}
	if u, err := url.Parse(options.Queue); err == nil && u.Host != "" {
		if u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
			return nil, ErrQueue
		}
		s.name = path.Base(u.Path)
		s.url.Store(&options.Queue)
	}
	if !isName(s.name) {
		return nil, ErrQueue
	}
	s.fifo = strings.HasSuffix(s.name, ".fifo")
	s.limit.Store(maxBytes)
	cfg, s.caller = awscall.New(cfg)
	s.client = sync.OnceValue(func() *sqs.Client { return sqs.NewFromConfig(cfg) })
	return s, nil
}

// isName reports whether name is allowed for a queue: up to 80 letters, digits, hyphens and
// underscores, including .fifo at the end
// (docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html, read
// 2026-11).
func isName(name string) bool {
	text := strings.TrimSuffix(name, ".fifo")
	for _, c := range []byte(text) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return text != "" && len(name) <= 80
}

// Name implements sink.Sink: sqs://QUEUE, without the account.
func (s *Sink) Name() string { return "sqs://" + s.name }

// Send implements sink.Sink. SQS stores a message redundantly before it answers, and the SDK
// compares the digest of what arrived. A FIFO queue keeps the order of one message's events, and
// drops an event that is sent again within five minutes.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	return sink.SendOrMarker(ctx, event, s.send)
}

func (s *Sink) send(ctx context.Context, event cloudevent.Event) error {
	body := legal(event.JSON())
	if size, limit := len(body), int(s.limit.Load()); size > limit {
		return &sink.TooLargeError{Size: size, Limit: limit}
	}
	queue, err := s.queue(ctx)
	if err != nil {
		return fmt.Errorf("sqssink: find the queue: %w", err)
	}
	input := &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(string(body))}
	if s.fifo {
		input.MessageGroupId = aws.String(groupID(event))
		input.MessageDeduplicationId = aws.String(deduplicationID(event))
	}
	err = s.caller.Do(ctx, func(ctx context.Context) error {
		_, err := s.client().SendMessage(ctx, input)
		return err
	})
	if limit, ok := refusedAbove(err); ok {
		s.limit.Store(int64(limit))
		return &sink.TooLargeError{Size: len(body), Limit: limit}
	}
	if err != nil {
		return fmt.Errorf("sqssink: %w", err)
	}
	return nil
}

// queue returns the queue's URL. It looks it up once, and again only after a failure.
func (s *Sink) queue(ctx context.Context) (string, error) {
	if known := s.url.Load(); known != nil {
		return *known, nil
	}
	var found *sqs.GetQueueUrlOutput
	err := s.caller.Do(ctx, func(ctx context.Context) (err error) {
		found, err = s.client().GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &s.name})
		return err
	})
	if missing := (*types.QueueDoesNotExist)(nil); errors.As(err, &missing) {
		return "", fmt.Errorf("no queue %s in this account and region: %w", s.name, err)
	}
	if err != nil {
		return "", err
	}
	s.url.Store(found.QueueUrl)
	return *found.QueueUrl, nil
}

// Close implements sink.Sink. Nothing is buffered.
func (s *Sink) Close() error {
	s.caller.Close()
	return nil
}
