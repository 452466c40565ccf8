package receiver

import (
	"context"

	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// doubtRecalled doubts the messages that a recall names, so that repair checks whether Chat still
// has them and tells the sinks if not. It may use all the time that ctx has left. The reply does
// not depend on it. If the store fails, the log line names all of them, because nobody knows which
// of them it took.
func (rc *Receiver) doubtRecalled(ctx context.Context, rec *record) []sink.Outcome {
	messages := msgext.Recalled(rec.appID, rec.command, rec.body)
	if len(messages) == 0 {
		return nil
	}
	outcome := sink.Attempt(ctx, storeName, func(ctx context.Context) error {
		for _, message := range messages {
			if err := rc.options.Store.Doubt(ctx, message, rec.received, state.FromWebhook); err != nil {
				return err
			}
		}
		return nil
	})
	if outcome.Err != nil {
		rec.undoubted = messages
	}
	return []sink.Outcome{outcome}
}
