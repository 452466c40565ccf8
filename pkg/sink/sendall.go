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

// Outcome is what became of an event at one destination.
type Outcome struct {
	Name  string        // of the destination
	Err   error         // nil where it has durably accepted the event
	Took  time.Duration // until it answered, or was given up
	Tries int           // how often it was told, 0 where it was given up before that
}

// Failure returns nil, or the error under the destination's name.
func (o Outcome) Failure() error {
	if o.Err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", o.Name, o.Err)
}

// Attempt is one delivery to the destination of a name: it runs send, and returns when that has ended or
// ctx is done, whichever comes first, because a destination that does not hear its context must
// not cost the others theirs. A panic is an error like any other.
func Attempt(ctx context.Context, name string, send func(context.Context) error) Outcome {
	started := time.Now()
	var begun atomic.Bool
	var counted atomic.Int32
	err := guard.Do(outbound.CountTries(ctx, &counted), func(ctx context.Context) error {
		begun.Store(true)
		return send(ctx)
	})
	outcome := Outcome{Name: name, Err: err, Took: time.Since(started), Tries: int(counted.Load())}
	if outcome.Tries == 0 && begun.Load() {
		outcome.Tries = 1 // a driver that does not try again by itself
	}
	return outcome
}

// SendAll sends an event to all sinks side by side, each by an Attempt, whatever becomes of it at the
// others. It returns one outcome for each, in their order, once all have answered or
// ctx is done.
func SendAll(ctx context.Context, sinks []Sink, event cloudevent.Event) []Outcome {
	outcomes := make([]Outcome, len(sinks))
	var attempts sync.WaitGroup
	for i, s := range sinks {
		attempts.Go(func() {
			outcomes[i] = Attempt(ctx, s.Name(), func(ctx context.Context) error { return s.Send(ctx, event) })
		})
	}
	attempts.Wait()
	return outcomes
}
