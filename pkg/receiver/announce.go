package receiver

import (
	"context"

	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// announce makes the message known that a command says was sent, if its extensions are to be
// expected, so that repair looks for them even where none of their webhooks arrives. It may have
// all of the time that ctx has left. The reply does not depend on it. A message that the store did
// not take stands in the line by name.
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
