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
	// blockingBudget limits how long commands are forwarded whose reply a user waits for.
	blockingBudget = 300 * time.Millisecond

	// replyMargin is the part of the platform's deadline that is kept for writing the reply.
	replyMargin = 200 * time.Millisecond

	// holdUntil is when a held reply is sent, counted from arrival. Chat times out after 2 s
	// (trtc.io/document/34354).
	holdUntil = 2500 * time.Millisecond
)

// storeName is the state store's name among the destinations in logs and metrics.
const storeName = "state"

// deliver hands an event to everything configured and returns nil once all have durably accepted
// it.
//
// The store goes first, so that a program that reads the store on an event finds the change there.
// It gets at most half of the budget, so that sinks still get the event when the store is down.
// Then the sinks get the event, whether or not the store accepted it. The version is marked as seen
// only after everything has accepted the event. Without sinks the store's own write marks it,
// otherwise a second write does.
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
	// Everything has accepted the event, so the reply is OK even if the mark is missing. Repair
	// treats a missing mark like any other gap.
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

// withHalf returns a context that ends after half of the time that ctx has left.
func withHalf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, _ := ctx.Deadline() // withBudget has set one
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// withBudget limits a delivery to the budget and to the platform's deadline. It ignores
// cancellation: a client that hangs up does not cancel the delivery of what it has sent.
func (rc *Receiver) withBudget(ctx context.Context, arrived time.Time, budget time.Duration) (context.Context, context.CancelFunc) {
	remaining := budget - rc.options.Now().Sub(arrived)
	if deadline, ok := ctx.Deadline(); ok {
		remaining = min(remaining, time.Until(deadline)-replyMargin)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), remaining)
}

// hold waits until Chat has given up on the request, the platform is about to end it, or the client
// has gone.
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
