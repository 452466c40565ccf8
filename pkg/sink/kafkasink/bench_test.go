package kafkasink_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/internal/peertest"
	"msgext/pkg/sink/kafkasink"
	"msgext/pkg/sink/sinktest"
)

// BenchmarkSend compares the sink with the bare client, its own linger off, doing the same to
// the same broker.
func BenchmarkSend(b *testing.B) {
	brokers := []string{peertest.Address(b, peertest.Kafka)}
	name := topic(b, brokers, nil)
	event := sinktest.Change(b, "@TGS#a/b", 1, "a")
	b.Run("bare", func(b *testing.B) {
		client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ProducerLinger(0))
		require.NoError(b, err)
		defer client.Close()
		ctx := sinktest.Plenty(b)
		b.ReportAllocs()
		for b.Loop() {
			record := &kgo.Record{Topic: name, Key: []byte(event.PartitionKey()), Value: event.JSON()}
			require.NoError(b, client.ProduceSync(ctx, record).FirstErr())
		}
	})
	b.Run("sink", func(b *testing.B) {
		s := open(b, kafkasink.Options{Brokers: brokers, Topic: name})
		ctx := sinktest.Plenty(b)
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, s.Send(ctx, event))
		}
	})
}
