package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
)

// BenchmarkDeployed is the CPU time that the process of the webhook function takes for one change.
// The function is built as scripts/build does and has the default configuration. It is compared
// with an ordinary function (package peer) that makes the vendor's plain call to the same
// destination. Both write a log line. A store gets one key-value a change, because the ordinary
// function makes a call for each. With stdout there are two more: the empty function, which
// shows what the runtime takes by itself, and the ordinary one on one processor, as ours is. All
// take turns, and each ratio is the median of all turns. It needs some fifty turns: -benchtime 50x.
func BenchmarkDeployed(b *testing.B) {
	ours, ordinary, empty := release(b, "functions/aws/webhook"), release(b, "bench/ordinary"), release(b, "bench/empty")
	for _, d := range deliveries {
		b.Run(d.name, func(b *testing.B) {
			environ, ordinaryEnviron := d.environs(b)
			functions := map[string]*processtest.Lambda{
				"ours":     processtest.StartLambda(b, ours, time.Minute, environ),
				"ordinary": processtest.StartLambda(b, ordinary, time.Minute, ordinaryEnviron),
			}
			if d.name == "stdout" {
				functions["empty"] = processtest.StartLambda(b, empty, time.Minute, nil)
				functions["ordinary-1p"] = processtest.StartLambda(b, ordinary, time.Minute, append(ordinaryEnviron, "GOMAXPROCS=1"))
			}
			compare(b, functions, d.body(b), d.requests)
		})
	}
}

// compare reports the CPU time of functions that take turns. A turn has the given number of
// requests.
func compare(b *testing.B, functions map[string]*processtest.Lambda, body string, requests int) {
	version := int64(1) // each function gets all versions of the message in their order
	turn := func(stack string, count int) float64 {
		events := changes(b, body, version, count)
		began := processTime(b, functions[stack].PID())
		for _, event := range events {
			deliver(b, functions[stack], stack, event)
		}
		return float64(processTime(b, functions[stack].PID())-began) / float64(count)
	}
	warm := min(50, requests)
	for stack := range functions {
		turn(stack, warm)
	}
	version += int64(warm)
	ratios, times := map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		ordinary := turn("ordinary", requests)
		for stack := range functions {
			if stack == "ordinary" {
				continue
			}
			took := turn(stack, requests)
			times[stack] = append(times[stack], took)
			ratios[stack] = append(ratios[stack], took/ordinary)
		}
		version += int64(requests)
	}
	for stack := range ratios {
		b.ReportMetric(median(times[stack])/1000, stack+"-cpu-µs")
		b.ReportMetric(median(ratios[stack]), stack+"/ordinary")
	}
}

// deliver invokes a function until it answers OK, because on a loaded machine a destination may
// take longer than ours waits.
func deliver(b *testing.B, function *processtest.Lambda, stack string, event []byte) {
	const tries = 100
	var response []byte
	for range tries {
		var err error
		response, err = function.Invoke(event)
		require.NoError(b, err)
		if stack == "empty" || strings.Contains(string(response), `\"OK\"`) {
			return
		}
	}
	require.FailNow(b, "not delivered", "%s: %s", stack, response)
}

// changes returns gateway events of one message with rising versions, signed now. In body the
// version is 56.
func changes(b *testing.B, body string, version int64, count int) [][]byte {
	vector := vectortest.Named(b, "sample-group-set")
	query := vector.Query(time.Now())
	events := make([][]byte, count)
	for i := range events {
		events[i] = sample.AWSEvents(sample.Request{
			Method: vector.Request.Method, Path: vector.Request.Path, RawQuery: query,
			Body: strings.ReplaceAll(body, "56", strconv.FormatInt(version+int64(i), 10)),
		})[0].Payload
	}
	return events
}

// release builds a main package as scripts/build does, for this machine, with more flags of the go
// command if there are any. It returns a copy of what
// the linker wrote: that file stands in the page cache in small pieces, and a start from it takes 5
// to 10 % longer, with each build differently.
func release(b *testing.B, main string, flags ...string) string {
	b.Helper()
	root, err := filepath.Abs("..")
	require.NoError(b, err)
	built := filepath.Join(b.TempDir(), filepath.Base(main))
	arguments := []string{
		"build", "-C", filepath.Join(root, filepath.Dir(main)), "-trimpath", "-buildvcs=false",
		"-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", built,
	}
	command := exec.Command("go", append(append(arguments, flags...), "./"+filepath.Base(main))...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	require.NoError(b, err, "%s", out)
	content, err := os.ReadFile(built)
	require.NoError(b, err)
	copied := built + "-copy"
	require.NoError(b, os.WriteFile(copied, content, 0o700))
	return copied
}
