package sqssink_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"msgext/pkg/sink/sinktest"
)

// BenchmarkSend compares the sink with the bare client doing the same to the same peer, a
// stand-in in this process, whose work is in both figures.
func BenchmarkSend(b *testing.B) {
	const url = "https://sqs.eu-central-1.amazonaws.com/123456789012/votes"
	endpoint, _ := standIn(b, answer{200, `{"MessageId":"1"}`})
	event := sinktest.Change(b, "@TGS#1", 1, "a")
	b.Run("bare", func(b *testing.B) {
		client := sqs.NewFromConfig(config(endpoint))
		ctx := sinktest.Plenty(b)
		b.ReportAllocs()
		for b.Loop() {
			_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(url), MessageBody: aws.String(string(event.JSON()))})
			require.NoError(b, err)
		}
	})
	for name, queue := range map[string]string{"sink": url, "sink-fifo": url + ".fifo"} {
		b.Run(name, func(b *testing.B) {
			s := open(b, endpoint, queue)
			ctx := sinktest.Plenty(b)
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, s.Send(ctx, event))
			}
		})
	}
}
