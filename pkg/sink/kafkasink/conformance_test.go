package kafkasink_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/sink/kafkasink"
	"msgext/pkg/sink/sinktest"
)

func TestSink_Conformance(t *testing.T) {
	brokers := []string{peertest.Address(t, peertest.Kafka)}
	sinktest.Run(t, func(t *testing.T) sinktest.Destination {
		name := topic(t, brokers, nil)
		return sinktest.Destination{
			Sink: open(t, kafkasink.Options{Brokers: brokers, Topic: name}), Ordered: true, Limit: kafkasink.DefaultMaxBytes,
			Received: func(t *testing.T) []cloudevent.Event {
				var events []cloudevent.Event
				for _, record := range records(t, brokers, name, size(t, brokers, name)) {
					event, err := cloudevent.Decode(record.Value)
					require.NoError(t, err)
					events = append(events, event)
				}
				return events
			},
		}
	})
}

// size returns how many records a topic has.
func size(t testing.TB, brokers []string, topic string) int {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	require.NoError(t, err)
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(sinktest.Plenty(t), topic)
	require.NoError(t, err)
	n := 0
	ends.Each(func(end kadm.ListedOffset) { n += int(end.Offset) })
	return n
}
