// Package eventbridgesink sends events to an Amazon EventBridge event bus (the one whose API is
// PutEvents of service "events"). An event's detail is the whole event in the CloudEvents
// structured JSON format. So a target has the complete event, and the same Decode reads it from
// every destination.
//
// It is for programs that build a receiver or a repairer with this destination. Its API is v0: it
// may change with any release.
package eventbridgesink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
	"msgext/pkg/sink/internal/awscall"
)

// Source is the source of every event on the bus. It is always the same, so that rules can name it
// and a policy can restrict the function to it (condition key events:source). The CloudEvent's own
// source, which names the app and the group, is in the detail.
const Source = "com.tencent.chat"

// ErrBus is New's error for a bus that is neither a name nor an ARN.
var ErrBus = errors.New("eventbridgesink: bus is neither a name nor an ARN")

// Options says where events go.
type Options struct {
	// Bus is the name of a bus of this account and region, such as "default", or the ARN of any
	// bus.
	Bus string
}

// Sink sends to one bus. It is safe for concurrent use.
type Sink struct {
	bus     string
	checked atomic.Bool
	caller  awscall.Caller
	client  func() *eventbridge.Client
}

var _ sink.Sink = (*Sink)(nil)

// New returns a sink for the bus of options, in the region and with the credentials of cfg.
// It does no I/O, and the client is made for the first event. Its error is ErrBus.
func New(cfg aws.Config, options Options) (*Sink, error) {
	if !isBus(options.Bus) {
		return nil, ErrBus
	}
	s := &Sink{bus: options.Bus}
	s.checked.Store(options.Bus == "default") // every account has this bus
	cfg, s.caller = awscall.New(cfg)
	s.client = sync.OnceValue(func() *eventbridge.Client { return eventbridge.NewFromConfig(cfg) })
	return s, nil
}

// Name implements sink.Sink: eventbridge://BUS, without the account.
func (s *Sink) Name() string { return "eventbridge://" + s.bus[strings.LastIndexByte(s.bus, '/')+1:] }

// Send implements sink.Sink. Events may reach a target twice and in any order.
func (s *Sink) Send(ctx context.Context, event cloudevent.Event) error {
	return sink.SendOrMarker(ctx, event, s.send)
}

func (s *Sink) send(ctx context.Context, event cloudevent.Event) error {
	entry, err := s.entry(event)
	if err != nil {
		return err
	}
	if err := s.check(ctx); err != nil {
		return fmt.Errorf("eventbridgesink: %w", err)
	}
	input := &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}}
	err = s.caller.Do(ctx, func(ctx context.Context) error {
		output, err := s.client().PutEvents(ctx, input)
		if err != nil {
			return err
		}
		return refusal(output)
	})
	if isOverLimit(err) {
		size := size(entry)
		// The service does not tell the limit.
		return &sink.TooLargeError{Size: size, Limit: min(maxBytesBefore, size-1)}
	}
	if err != nil {
		return fmt.Errorf("eventbridgesink: %w", err)
	}
	return nil
}

// check makes sure, once, that the bus exists. PutEvents to a bus that does not exist reports
// success, and the event is lost (github.com/aws/aws-sdk issue 186, 2022 to 2025). For a bus of
// another account, which is given by ARN, we may not have the right to ask. It is then assumed to
// exist.
func (s *Sink) check(ctx context.Context) error {
	if s.checked.Load() {
		return nil
	}
	err := s.caller.Do(ctx, func(ctx context.Context) error {
		_, err := s.client().DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &s.bus})
		return err
	})
	var said *awscall.Error
	switch missing := (*types.ResourceNotFoundException)(nil); {
	case errors.As(err, &missing):
		return fmt.Errorf("no such bus in this account and region: %w", err)
	case errors.As(err, &said) && said.Code == "AccessDeniedException" && isARN(s.bus):
	case err != nil:
		return fmt.Errorf("make sure that the bus exists (events:DescribeEventBus): %w", err)
	}
	s.checked.Store(true)
	return nil
}

// Close implements sink.Sink. Nothing is buffered.
func (s *Sink) Close() error {
	s.caller.Close()
	return nil
}
