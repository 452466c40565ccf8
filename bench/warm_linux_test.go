package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
)

// BenchmarkWarmInvocation is the CPU time that a function's process takes for one invocation,
// including the Runtime API's HTTP. It compares the product and the api-proxy stack, both without
// destinations, with a function that does nothing. They are one binary and take turns. Each ratio
// is the median of all turns. It needs some fifty turns: -benchtime 50x.
func BenchmarkWarmInvocation(b *testing.B) {
	const requests = 400
	payload := sampleEvents(b, "sample-group-set", sample.AWSEvents)[0].Payload
	functions := make(map[string]*processtest.Lambda)
	for _, stack := range []string{"ours", "api-proxy", "empty"} {
		functions[stack] = processtest.StartLambda(b, os.Args[0], time.Minute, []string{stackVariable + "=" + stack})
	}
	turn := func(stack string) float64 {
		function := functions[stack]
		began := processTime(b, function.PID())
		for range requests {
			_, err := function.Invoke(payload)
			require.NoError(b, err)
		}
		return float64(processTime(b, function.PID())-began) / requests
	}
	for _, stack := range []string{"ours", "api-proxy"} {
		response, err := functions[stack].Invoke(payload)
		require.NoError(b, err)
		require.Contains(b, string(response), `\"OK\"`, "%s accepts it", stack)
	}
	for stack := range functions {
		turn(stack) // warm up
	}
	var ours, oursToProxy, emptyToProxy []float64
	for b.Loop() {
		proxy := turn("api-proxy")
		t := turn("ours")
		ours = append(ours, t)
		oursToProxy = append(oursToProxy, t/proxy)
		emptyToProxy = append(emptyToProxy, turn("empty")/proxy)
	}
	b.ReportMetric(median(ours), "ours-cpu-ns")
	b.ReportMetric(median(oursToProxy), "ours/api-proxy")
	b.ReportMetric(median(emptyToProxy), "empty/api-proxy")
}

// processTime is how long the threads of a process have run, in nanoseconds (proc(5), schedstat).
// Go does not end its threads, so that none is missing.
func processTime(b *testing.B, pid int) int64 {
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	require.NoError(b, err)
	require.NotEmpty(b, threads)
	var total int64
	for _, thread := range threads {
		content, err := os.ReadFile(thread)
		require.NoError(b, err)
		running, err := strconv.ParseInt(strings.Fields(string(content))[0], 10, 64)
		require.NoError(b, err)
		total += running
	}
	return total
}
