//go:build unix

package bench

import (
	"context"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
)

// BenchmarkRequestInTurns compares the stacks where plain runs wander, on a machine that others use
// too: the stacks take turns, what counts is the process's CPU time, the collector's included, and
// each ratio is the median of all turns. It wants some hundred turns: -benchtime 300x.
func BenchmarkRequestInTurns(b *testing.B) {
	payload := sampleEvents(b, "sample-group-set", sample.AWSEvents)[0].Payload
	turn := func(s stack, requests int) float64 {
		began := cpuTime(b)
		for range requests {
			if _, err := s.Invoke(context.Background(), payload); err != nil {
				b.Fatal(err)
			}
		}
		return float64(cpuTime(b)-began) / float64(requests)
	}
	ours, proxy, aws := oursAWS(), apiProxy(), typed()
	var times, toProxy, toTyped []float64
	for b.Loop() {
		// About as long a turn for each, and long enough for several collections.
		t := turn(ours, 2500)
		times = append(times, t)
		toProxy = append(toProxy, turn(proxy, 500)/t)
		toTyped = append(toTyped, turn(aws, 700)/t)
	}
	b.ReportMetric(median(times), "ours-cpu-ns")
	b.ReportMetric(median(toProxy), "api-proxy/ours")
	b.ReportMetric(median(toTyped), "typed/ours")
}

// cpuTime is what the process has used up, in nanoseconds.
func cpuTime(b *testing.B) int64 {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
