package sink

import (
	"context"
	"errors"

	"msgext/pkg/cloudevent"
)

// SendOrMarker sends event and, where that fails because it is too large, its marker instead,
// which a repaired event has: it tells the consumer to read the message. Drivers of
// destinations with a limit build their Send on it.
func SendOrMarker(ctx context.Context, event cloudevent.Event, send func(context.Context, cloudevent.Event) error) error {
	err := send(ctx, event)
	var tooLarge *TooLargeError
	if !errors.As(err, &tooLarge) {
		return err
	}
	marker, ok := event.Marker()
	if !ok {
		return err
	}
	return send(ctx, marker)
}
