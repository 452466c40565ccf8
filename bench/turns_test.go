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

// BenchmarkRequestInTurns compares the stacks on a machine that other programs use too, where plain
// runs vary too much. The stacks take turns. It counts the CPU time of the process, including the
// garbage collector. Each ratio is the median of all turns. It needs some hundred turns: -benchtime
// 300x.
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
		// All turns take about the same time, and each is long enough for several garbage
		// collections.
		t := turn(ours, 2500)
		times = append(times, t)
		toProxy = append(toProxy, turn(proxy, 500)/t)
		toTyped = append(toTyped, turn(aws, 700)/t)
	}
	b.ReportMetric(median(times), "ours-cpu-ns")
	b.ReportMetric(median(toProxy), "api-proxy/ours")
	b.ReportMetric(median(toTyped), "typed/ours")
}

// cpuTime is the CPU time that the process has used, in nanoseconds.
func cpuTime(b *testing.B) int64 {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
