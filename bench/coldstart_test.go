package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
)

// BenchmarkColdStart is the time from starting the process to its first reply, of the webhook function
// with every driver linked and DynamoDB and SQS configured, and of an empty function that links the same clients. The
// two take turns, so that a machine that slows down slows both, and medians are compared. It wants some
// hundred turns: -benchtime 200x.
func BenchmarkColdStart(b *testing.B) {
	ours, empty := binaries.Build(b, "functions/aws/webhook"), binaries.Build(b, "bench/empty")
	probe := sample.AWSEvents(sample.Request{Method: "POST", Path: "/"})[0].Payload
	environ := []string{
		"MSGEXT_SDK_APP_ID=" + appID, "MSGEXT_TOKEN=" + token, "MSGEXT_STATE=dynamodb://votes", "MSGEXT_SINKS=sqs://votes.fifo eventbridge://votes",
	}
	var milliseconds [2][]float64
	for b.Loop() {
		for i, binary := range []string{ours, empty} {
			began := time.Now()
			function := processtest.StartLambda(b, binary, 10*time.Second, environ)
			_, err := function.Invoke(probe)
			milliseconds[i] = append(milliseconds[i], time.Since(began).Seconds()*1000)
			require.NoError(b, err)
			function.Stop(b)
		}
	}
	b.ReportMetric(median(milliseconds[0]), "ours-ms")
	b.ReportMetric(median(milliseconds[1]), "empty-ms")
	b.ReportMetric(median(milliseconds[0])/median(milliseconds[1]), "ratio")
}
