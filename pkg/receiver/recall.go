package receiver

import (
	"context"

	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// recalls reports whether the store is to hear of a command: one that says that messages were recalled.
func (rc *Receiver) recalls(command string) bool {
	return rc.options.Store != nil && msgext.IsRecall(command)
}

// doubtRecalled doubts the messages that a recall names, so that repair looks whether Chat has them no more,
// and tells everybody. It may have all of the time that ctx has left. The reply does not depend on it.
func (rc *Receiver) doubtRecalled(ctx context.Context, rec *record) []sink.Outcome {
	messages := msgext.Recalled(rec.appID, rec.command, rec.body)
	if len(messages) == 0 {
		return nil
	}
	return []sink.Outcome{sink.Attempt(ctx, storeName, func(ctx context.Context) error {
		for _, message := range messages {
			if err := rc.options.Store.Doubt(ctx, message, rec.received, state.FromWebhook); err != nil {
				return err
			}
		}
		return nil
	})}
}

// doubtBeside does so meanwhile. What it returns waits for it.
func (rc *Receiver) doubtBeside(ctx context.Context, rec *record) (wait func()) {
	if !rc.recalls(rec.command) {
		return func() {}
	}
	doubted := make(chan []sink.Outcome, 1)
	go func() { doubted <- rc.doubtRecalled(ctx, rec) }()
	return func() { rec.outcomes = append(rec.outcomes, <-doubted...) }
}
