package sink

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"msgext/internal/guard"
	"msgext/internal/outbound"
	"msgext/pkg/cloudevent"
)

// Outcome is the result of one delivery to one destination.
type Outcome struct {
	Name  string        // of the destination
	Err   error         // nil if the destination has durably accepted the event
	Took  time.Duration // until the destination answered, or was given up
	Tries int           // how often the event was sent, 0 if it was given up before that
}

// Failure returns Err with the destination's name, nil if there is none.
func (o Outcome) Failure() error {
	if o.Err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", o.Name, o.Err)
}

// Attempt makes one delivery to the named destination. It runs send and returns when send has ended
// or ctx is done, whichever comes first. So a destination that ignores its context does not delay
// the others. A panic is returned as an error.
func Attempt(ctx context.Context, name string, send func(context.Context) error) Outcome {
	started := time.Now()
	var a struct { // one allocation for both
		outbound.Counting
		begun atomic.Bool
	}
	a.Context = ctx
	err := guard.Do(&a.Counting, func(ctx context.Context) error {
		a.begun.Store(true)
		return send(ctx)
	})
	outcome := Outcome{Name: name, Err: err, Took: time.Since(started), Tries: a.Tries()}
	if outcome.Tries == 0 && a.begun.Load() {
		outcome.Tries = 1 // a driver that makes one try
	}
	return outcome
}

// SendAll sends an event to all sinks at the same time, each by an Attempt, whatever happens at the
// others. It returns one outcome for each sink, in their order, once all have answered or ctx is
// done.
func SendAll(ctx context.Context, sinks []Sink, event cloudevent.Event) []Outcome {
	if len(sinks) == 1 { // the usual case, which needs no goroutine but the attempt's own
		return sendToOne(ctx, sinks[0], event)
	}
	return sendSideBySide(ctx, sinks, event)
}

func sendSideBySide(ctx context.Context, sinks []Sink, event cloudevent.Event) []Outcome {
	outcomes := make([]Outcome, len(sinks))
	var attempts sync.WaitGroup
	for i, s := range sinks {
		attempts.Go(func() { outcomes[i] = sendToOne(ctx, s, event)[0] })
	}
	attempts.Wait()
	return outcomes
}

func sendToOne(ctx context.Context, s Sink, event cloudevent.Event) []Outcome {
	one := &struct { // one allocation for both
		event    cloudevent.Event
		outcomes [1]Outcome
	}{event: event}
	one.outcomes[0] = Attempt(ctx, s.Name(), func(ctx context.Context) error { return s.Send(ctx, one.event) })
	return one.outcomes[:]
}
