package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/bench/peer"
	"msgext/internal/processtest"
	"msgext/internal/sample"
)

// BenchmarkColdStart is the time from starting a process to its first reply. It compares the
// webhook function, with every driver linked and DynamoDB and SQS configured, with an empty
// function that links the same clients. The two take turns, so that a slow moment of the machine
// slows both. Medians are compared. It needs some hundred turns: -benchtime 200x.
func BenchmarkColdStart(b *testing.B) {
	ours, empty := binaries.Build(b, "functions/aws/webhook"), binaries.Build(b, "bench/empty")
	probe := sample.AWSEvents(sample.Request{Method: "POST", Path: "/"})[0].Payload
	environ := []string{
		"MSGEXT_SDK_APP_ID=" + peer.AppID, "MSGEXT_TOKEN=" + peer.Token, "MSGEXT_STATE=dynamodb://votes", "MSGEXT_SINKS=sqs://votes.fifo eventbridge://votes",
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

// BenchmarkColdStartSQL is what the SQL drivers add to the cold start of the webhook function,
// which keeps its state in DynamoDB. The function takes turns with the same function built without
// those drivers. It needs some hundred turns: -benchtime 200x.
func BenchmarkColdStartSQL(b *testing.B) {
	with, without := binaries.Build(b, "functions/aws/webhook"), withoutSQL(b, "functions/aws/webhook")
	probe := sample.AWSEvents(sample.Request{Method: "POST", Path: "/"})[0].Payload
	environ := []string{
		"MSGEXT_SDK_APP_ID=" + peer.AppID, "MSGEXT_TOKEN=" + peer.Token, "MSGEXT_STATE=dynamodb://votes", "MSGEXT_SINKS=sqs://votes.fifo eventbridge://votes",
	}
	var milliseconds [2][]float64
	for b.Loop() {
		for i, binary := range []string{with, without} {
			began := time.Now()
			function := processtest.StartLambda(b, binary, 10*time.Second, environ)
			_, err := function.Invoke(probe)
			milliseconds[i] = append(milliseconds[i], time.Since(began).Seconds()*1000)
			require.NoError(b, err)
			function.Stop(b)
		}
	}
	b.ReportMetric(median(milliseconds[0]), "with-ms")
	b.ReportMetric(median(milliseconds[1]), "without-ms")
	b.ReportMetric(median(milliseconds[0])-median(milliseconds[1]), "more-ms")
}

// withoutSQL builds a main package with an empty list of SQL stores.
func withoutSQL(b *testing.B, main string) string {
	b.Helper()
	root, err := filepath.Abs("..")
	require.NoError(b, err)
	list := filepath.Join(root, "internal/driver/sqlstores/sqlstores.go")
	source, err := os.ReadFile(list)
	require.NoError(b, err)
	shorter := regexp.MustCompile(`(?m)^.*\b(pg|mysql)state\b.*\n`).ReplaceAll(source, nil)
	require.NotEqual(b, string(source), string(shorter))
	folder := b.TempDir()
	replacement, overlay, binary := filepath.Join(folder, "sqlstores.go"), filepath.Join(folder, "overlay.json"), filepath.Join(folder, "function")
	require.NoError(b, os.WriteFile(replacement, shorter, 0o600))
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": {list: replacement}})
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(overlay, encoded, 0o600))
	command := exec.Command("go", "build", "-C", root, "-overlay", overlay, "-o", binary, "./"+main)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	require.NoError(b, err, "%s", out)
	return binary
}
