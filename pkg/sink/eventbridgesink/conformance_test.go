package eventbridgesink_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/sink/sinktest"
)

func TestSink_Conformance(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	sinktest.Run(t, func(t *testing.T) sinktest.Destination {
		name, _, drain := bus(t, endpoint)
		return sinktest.Destination{
			Sink: open(t, endpoint, name), Limit: 1 << 20, Rewrites: true,
			Received: func(t *testing.T) []cloudevent.Event {
				var events []cloudevent.Event
				for _, text := range drain() {
					var received struct{ Detail json.RawMessage }
					require.NoError(t, json.Unmarshal([]byte(text), &received))
					event, err := cloudevent.Decode(received.Detail)
					require.NoError(t, err)
					events = append(events, event)
				}
				return events
			},
		}
	})
}
