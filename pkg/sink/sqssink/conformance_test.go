package sqssink_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/sink/sinktest"
)

func TestSink_Conformance(t *testing.T) {
	endpoint := peertest.Address(t, peertest.Moto)
	for kind, suffix := range map[string]string{"standard": "", "FIFO": ".fifo"} {
		t.Run(kind, func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Destination {
				name, client, url := queue(t, endpoint, suffix, nil)
				return sinktest.Destination{
					Sink: open(t, endpoint, name), Ordered: suffix != "", Limit: 1 << 20,
					Received: func(t *testing.T) []cloudevent.Event {
						var events []cloudevent.Event
						for _, message := range drain(t, client, url) {
							event, err := cloudevent.Decode([]byte(*message.Body))
							require.NoError(t, err)
							events = append(events, event)
						}
						return events
					},
				}
			})
		})
	}
}
