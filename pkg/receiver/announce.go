package receiver

import (
	"context"

	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// announce reads from a command which message was sent. If the message is expected to get
// extensions, it tells the store, so that repair looks for them even if none of their webhooks
// arrives. It may use all the time that ctx has left. The reply does not depend on it. If the store
// fails, the log line names the message.
func (rc *Receiver) announce(ctx context.Context, rec *record) []sink.Outcome {
	message, announced := msgext.Announced(rec.appID, rec.command, rec.body, rc.options.Announce)
	if !announced {
		return nil
	}
	outcome := sink.Attempt(ctx, storeName, func(ctx context.Context) error {
		return rc.options.Store.Announce(ctx, message, rec.received, rec.received.Add(state.FirstAnnouncedRead))
	})
	rec.announced = outcome.Err == nil
	if !rec.announced {
		rec.message, rec.unannounced = message, true
	}
	return []sink.Outcome{outcome}
}
