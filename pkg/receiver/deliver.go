package receiver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
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

// destination is one place that must accept an event.
type destination struct {
	name string
	send func(context.Context) error
}

// deliver hands an event to everything configured and returns nil once all have durably
// accepted it. What accepts without leaving the process goes first; then the other sinks and the
// store run side by side. The version is marked as seen only after everything has the event: in
// the store's own write where nothing else is pending, otherwise in a second one.
func (rc *Receiver) deliver(ctx context.Context, rec *record) error {
	if len(rc.options.Sinks) == 0 && rc.options.Store == nil {
		return nil
	}
	ctx, cancel := rc.withBudget(ctx, rec.arrived, rc.options.Budget)
	defer cancel()
	event := *rec.event
	started := rc.options.Now()
	defer func() { rec.delivery = rc.options.Now().Sub(started) }()

	local, remote, err := rc.destinations(func() (cloudevent.Event, error) { return cloudevent.New(event) })
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDelivery, err)
	}
	failures := sendInOrder(ctx, local)
	alone := len(remote) == 0
	if rc.options.Store != nil {
		seen := alone && len(failures) == 0
		remote = append(remote, destination{storeName, func(ctx context.Context) error {
			return rc.options.Store.Apply(ctx, event, rec.arrived, seen)
		}})
	}
	failures = append(failures, sendAtOnce(ctx, remote)...)
	if len(failures) > 0 {
		return rec.fail(failures)
	}
	if rc.options.Store != nil && !alone {
		mark := destination{storeName, func(ctx context.Context) error {
			return rc.options.Store.MarkSeen(ctx, event.Message, event.Version())
		}}
		// Everything has the event, so the reply is OK all the same: to repair the missing mark
		// is a gap like any other.
		for _, failure := range sendAtOnce(ctx, []destination{mark}) {
			rec.markErr = failure.err
		}
	}
	return nil
}

// forward hands another command to the sinks.
func (rc *Receiver) forward(ctx context.Context, rec *record) error {
	local, remote, err := rc.destinations(func() (cloudevent.Event, error) {
		return cloudevent.NewForwarded(rec.appID, rec.command, rec.body, rec.arrived)
	})
	if err != nil {
		return err
	}
	if failures := append(sendInOrder(ctx, local), sendAtOnce(ctx, remote)...); len(failures) > 0 {
		return rec.fail(failures)
	}
	return nil
}

// destinations makes the event, if there is a sink to take it, and splits the sinks into those
// that accept without leaving the process and the others.
func (rc *Receiver) destinations(encode func() (cloudevent.Event, error)) (local, remote []destination, err error) {
	if len(rc.options.Sinks) == 0 {
		return nil, nil, nil
	}
	event, err := encode()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range rc.options.Sinks {
		d := destination{s.Name(), func(ctx context.Context) error { return s.Send(ctx, event) }}
		if _, immediate := s.(sink.Immediate); immediate {
			local = append(local, d)
		} else {
			remote = append(remote, d)
		}
	}
	return local, remote, nil
}

// failure is a destination that did not accept.
type failure struct {
	name string
	err  error
}

func sendInOrder(ctx context.Context, destinations []destination) (failures []failure) {
	for _, d := range destinations {
		if err := d.try(ctx); err != nil {
			failures = append(failures, failure{d.name, err})
		}
	}
	return failures
}

// sendAtOnce returns when all have answered or the context is done, whichever comes
// first: a destination that does not honour its context must not cost the reply.
func sendAtOnce(ctx context.Context, destinations []destination) (failures []failure) {
	if len(destinations) == 0 {
		return nil
	}
	type answer struct {
		index int
		err   error
	}
	answers := make(chan answer, len(destinations))
	for i, d := range destinations {
		go func() { answers <- answer{i, d.try(ctx)} }()
	}
	answered := make([]bool, len(destinations))
	for range destinations {
		select {
		case a := <-answers:
			answered[a.index] = true
			if a.err != nil {
				failures = append(failures, failure{destinations[a.index].name, a.err})
			}
		case <-ctx.Done():
			for i, d := range destinations {
				if !answered[i] {
					failures = append(failures, failure{d.name, ctx.Err()})
				}
			}
			return failures
		}
	}
	return failures
}

func (d destination) try(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return recovering(func() error { return d.send(ctx) })
}

var errPanic = errors.New("receiver: panic")

// panicError carries the stack of a recovered panic to the log. The panic's own value is left
// out: it may quote what was being handled.
type panicError struct{ stack []byte }

func (e *panicError) Error() string { return errPanic.Error() }
func (e *panicError) Unwrap() error { return errPanic }

// recovering runs f and turns a panic into an error.
func recovering(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = &panicError{debug.Stack()}
		}
	}()
	return f()
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
