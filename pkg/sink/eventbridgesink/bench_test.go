package eventbridgesink_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/stretchr/testify/require"

	"msgext/pkg/sink/eventbridgesink"
	"msgext/pkg/sink/sinktest"
)

// BenchmarkSend compares the sink with the bare client doing the same to the same peer, a
// stand-in in this process, whose work is in both figures.
func BenchmarkSend(b *testing.B) {
	endpoint, _ := standIn(b, put)
	event := sinktest.Change(b, "@TGS#1", 1, "a")
	b.Run("bare", func(b *testing.B) {
		client := eventbridge.NewFromConfig(config(endpoint))
		ctx := sinktest.Plenty(b)
		b.ReportAllocs()
		for b.Loop() {
			_, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
				EventBusName: aws.String("default"),
				Source:       aws.String(eventbridgesink.Source),
				DetailType:   aws.String(event.Type()),
				Detail:       aws.String(string(event.JSON())),
			}}})
			require.NoError(b, err)
		}
	})
	b.Run("sink", func(b *testing.B) {
		s := open(b, endpoint, "default")
		ctx := sinktest.Plenty(b)
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, s.Send(ctx, event))
		}
	})
}
