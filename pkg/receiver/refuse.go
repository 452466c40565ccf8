package receiver

import (
	"context"
	"fmt"

	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// effect is what becomes of the change that a refused body tells of.
type effect string

const (
	doubted effect = "doubted" // its message is read back from Chat
	lost    effect = "lost"    // no message could be read from it, or there is nothing to note it in
)

// refuse sees to the message of a body that breaks the contract: something happened to it that we
// could not take in, and Chat, which ignores a FAIL, will not say it again. It is doubted, durably
// and before the reply, so that repair reads it back. Its error is the body's, unless our side
// failed.
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
		return fmt.Errorf("%w; %s", err, broken) // ours to answer for, since the sender is heard no more
	}
	rec.effect = doubted
	return broken
}
