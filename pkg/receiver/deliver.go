package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

const (
	// blockingBudget bounds the forwarding of commands whose reply a user waits for.
	blockingBudget = 300 * time.Millisecond

	// replyMargin is what is left of the platform's deadline to write the reply.
	replyMargin = 200 * time.Millisecond

	// holdUntil is when a held reply goes out: Chat times out after 2 s (trtc.io/document/34354).
	holdUntil = 2500 * time.Millisecond
)

// storeName stands for the state store among the destinations in logs and metrics.
const storeName = "state"

// deliver hands an event to everything configured and returns nil once all have durably accepted
// it.
//
// The store goes first, so that whoever reads on an event finds what it says; it has at most half
// of the budget, so that one that is down costs no sink its event. Then the sinks get it, whatever
// the store said. The version is marked as seen only after everything has the event: in the store's
// own write where there is no sink, otherwise in a second one.
func (rc *Receiver) deliver(ctx context.Context, rec *record) error {
	sinks, store := rc.options.Sinks, rc.options.Store
	if len(sinks) == 0 && store == nil {
		return nil
	}
	ctx, cancel := rc.withBudget(ctx, rec.arrived, rc.options.Budget)
	defer cancel()
	event := rec.event
	started := rc.options.Now()
	defer func() { rec.delivery = rc.options.Now().Sub(started) }()

	if store != nil {
		half, cancel := withHalf(ctx)
		defer cancel()
		rec.ended(sink.Attempt(half, storeName, func(ctx context.Context) error {
			return store.Apply(ctx, *event, rec.received, state.Mark(len(sinks) == 0))
		}))
	}
	if len(sinks) == 0 {
		return rec.failure()
	}
	told, err := cloudevent.New(*event, rec.received)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDelivery, errors.Join(err, rec.failure()))
	}
	rec.tell(ctx, sinks, told)
	if err := rec.failure(); err != nil || store == nil {
		return err
	}
	// Everything has the event, so the reply is OK all the same: to repair the missing mark is a
	// gap like any other.
	rec.markErr = sink.Attempt(ctx, storeName, func(ctx context.Context) error {
		return store.MarkSeen(ctx, event.Message, event.Version())
	}).Err
	return nil
}

// forward hands another command to the sinks.
func (rc *Receiver) forward(ctx context.Context, rec *record) error {
	if len(rc.options.Sinks) == 0 || !rc.options.ForwardOther {
		return nil
	}
	event, err := cloudevent.NewForwarded(rec.appID, rec.command, rec.body, rec.arrived)
	if err != nil {
		return err
	}
	rec.tell(ctx, rc.options.Sinks, event)
	return rec.failure()
}

// withHalf returns a context with half of the time that ctx has left.
func withHalf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, _ := ctx.Deadline() // withBudget has set one
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// withBudget bounds a delivery. It outlives the caller's interest: a client that hangs up does not
// cancel what it has sent, but the platform's deadline counts.
func (rc *Receiver) withBudget(ctx context.Context, arrived time.Time, budget time.Duration) (context.Context, context.CancelFunc) {
	remaining := budget - rc.options.Now().Sub(arrived)
	if deadline, ok := ctx.Deadline(); ok {
		remaining = min(remaining, time.Until(deadline)-replyMargin)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), remaining)
}

// hold waits until Chat has given up on the request, or the platform is about to, or the
// client has gone.
func (rc *Receiver) hold(ctx context.Context, arrived time.Time) {
	remaining := holdUntil - rc.options.Now().Sub(arrived)
	if deadline, ok := ctx.Deadline(); ok {
		remaining = min(remaining, time.Until(deadline)-replyMargin)
	}
	timer := time.NewTimer(remaining)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
