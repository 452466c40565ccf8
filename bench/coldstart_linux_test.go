package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/bench/peer"
	"msgext/internal/processtest"
	"msgext/internal/sample"
)

// coldEnvironment configures DynamoDB, SQS and EventBridge.
var coldEnvironment = []string{
	"MSGEXT_SDK_APP_ID=" + peer.AppID, "MSGEXT_TOKEN=" + peer.Token, "MSGEXT_STATE=dynamodb://votes", "MSGEXT_SINKS=sqs://votes.fifo eventbridge://votes",
}

// probe returns a request without a command, which is answered before any I/O.
func probe() []byte {
	return sample.AWSEvents(sample.Request{Method: "POST", Path: "/"})[0].Payload
}

// BenchmarkColdStart is the time from starting a process to its first reply. It compares the
// webhook function, with every driver linked and DynamoDB, SQS and EventBridge configured, with an
// empty function that links the same clients. Both are built as scripts/build does. It needs some
// hundred turns: -benchtime 200x.
func BenchmarkColdStart(b *testing.B) {
	ours, empty := release(b, "functions/aws/webhook"), release(b, "bench/empty")
	medians := startInTurns(b, probe, function{"ours", ours, coldEnvironment}, function{"empty", empty, nil})
	b.ReportMetric(medians[0]/medians[1], "ratio")
}

// BenchmarkColdDelivery is the time from starting a process to its reply to the first change, which
// its destination has then taken. Chat waits 2 s for that reply. The webhook function is compared
// with an ordinary one that makes the vendor's plain call to the same destination. Both are built
// as scripts/build does. It needs some hundred turns: -benchtime 100x.
func BenchmarkColdDelivery(b *testing.B) {
	ours, ordinary := release(b, "functions/aws/webhook"), release(b, "bench/ordinary")
	for _, d := range deliveries {
		b.Run(d.name, func(b *testing.B) {
			environ, ordinaryEnviron := d.environs(b)
			version := int64(56)
			change := func() []byte {
				version++ // of the same message
				return changes(b, d.body(b), version, 1)[0]
			}
			medians := startInTurns(b, change, function{"ours", ours, environ}, function{"ordinary", ordinary, ordinaryEnviron})
			b.ReportMetric(medians[0]/medians[1], "ratio")
		})
	}
}

// BenchmarkColdStartSQL is what the SQL drivers add to the cold start of the webhook function,
// which keeps its state in DynamoDB. The function takes turns with the same function built without
// those drivers. Both are built as scripts/build does. It needs some hundred turns: -benchtime
// 200x.
func BenchmarkColdStartSQL(b *testing.B) {
	const main = "functions/aws/webhook"
	with, without := release(b, main), release(b, main, "-overlay", withoutSQL(b))
	medians := startInTurns(b, probe, function{"with", with, coldEnvironment}, function{"without", without, coldEnvironment})
	b.ReportMetric(medians[0]-medians[1], "more-ms")
}

// function is a Lambda function that is started again and again.
type function struct {
	name, binary string
	environ      []string
}

// startInTurns starts the functions in turns, each for one event, and returns the median times to
// the reply in milliseconds. It reports them, the CPU times of the processes, and how many replies
// were FAIL.
func startInTurns(b *testing.B, event func() []byte, functions ...function) (medians []float64) {
	b.Helper()
	milliseconds, cpu, failed := make([][]float64, len(functions)), make([][]float64, len(functions)), make([]float64, len(functions))
	for b.Loop() {
		for i, f := range functions {
			payload := event()
			began := time.Now()
			started := processtest.StartLambda(b, f.binary, 10*time.Second, f.environ)
			response, err := started.Invoke(payload)
			took := time.Since(began).Seconds() * 1000
			require.NoError(b, err)
			if strings.Contains(string(response), "FAIL") {
				failed[i]++
				b.Logf("%s after %.0f ms: %s", f.name, took, response)
			}
			milliseconds[i] = append(milliseconds[i], took)
			cpu[i] = append(cpu[i], float64(processTime(b, started.PID()))/1e6)
			started.Stop(b)
		}
	}
	for i, f := range functions {
		b.ReportMetric(failed[i], f.name+"-failed")
		medians = append(medians, median(milliseconds[i]))
		b.ReportMetric(medians[i], f.name+"-ms")
		b.ReportMetric(median(cpu[i]), f.name+"-cpu-ms")
	}
	return medians
}

// withoutSQL returns an overlay for the go command in which the list of SQL stores is empty.
func withoutSQL(b *testing.B) string {
	b.Helper()
	list, err := filepath.Abs("../internal/driver/sqlstores/sqlstores.go")
	require.NoError(b, err)
	source, err := os.ReadFile(list)
	require.NoError(b, err)
	shorter := regexp.MustCompile(`(?m)^.*\b(pg|mysql)state\b.*\n`).ReplaceAll(source, nil)
	require.NotEqual(b, string(source), string(shorter))
	folder := b.TempDir()
	replacement, overlay := filepath.Join(folder, "sqlstores.go"), filepath.Join(folder, "overlay.json")
	require.NoError(b, os.WriteFile(replacement, shorter, 0o600))
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": {list: replacement}})
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(overlay, encoded, 0o600))
	return overlay
}
