package receiver

import (
	"context"
	"fmt"

	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// effect is what happens to the change that a refused body reports.
type effect string

const (
	doubted effect = "doubted" // repair reads the message from Chat
	lost    effect = "lost"    // the body names no message, or there is no store
)

// refuse handles a body that breaks the contract. A change happened that we could not take in, and
// Chat ignores a FAIL and does not send the change again. So refuse doubts the message, durably and
// before the reply, and repair reads the message from Chat. The error is the body's, unless our
// side failed.
func (rc *Receiver) refuse(ctx context.Context, rec *record, broken error) error {
	rec.effect = lost
	message, named := msgext.Identify(rec.appID, rec.command, rec.body)
	if !named {
		return broken
	}
	rec.message = message
	if rc.options.Store == nil {
		return broken
	}
	ctx, cancel := rc.withBudget(ctx, rec.arrived, rc.options.Budget)
	defer cancel()
	rec.outcomes = append(rec.outcomes, sink.Attempt(ctx, storeName, func(ctx context.Context) error {
		return rc.options.Store.Doubt(ctx, message, rec.received, state.FromWebhook)
	}))
	if err := rec.failure(); err != nil {
		return fmt.Errorf("%w; %s", err, broken) // our failure: the sender does not retry
	}
	rec.effect = doubted
	return broken
}
