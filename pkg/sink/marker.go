package sink

import (
	"context"
	"errors"

	"msgext/pkg/cloudevent"
)

// SendOrMarker sends event. If that fails because the event is too large, it sends the event's
// marker instead, which tells the consumer to read the message. Only repaired events have a marker.
// Drivers of destinations with a size limit build their Send on it.
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
