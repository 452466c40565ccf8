//go:build !race

// The race detector makes a sync.Pool forget at random.

package bench

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
)

// The number of allocations does not depend on the machine. This is what docs/benchmarks.md
// promises of it.
func TestRequest_Allocations(t *testing.T) {
	stream, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, stream.Close()) }()
	payload := sampleEvents(t, "sample-group-set", sample.AWSEvents)[0].Payload
	for _, tt := range []struct {
		name  string
		stack stack
		most  float64
	}{
		{"without delivery", oursAWS(), 16},
		{"to stdout with a log line", oursDelivering(stream), 40},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var response []byte
			allocations := testing.AllocsPerRun(1000, func() {
				response, err = tt.stack.Invoke(context.Background(), payload)
			})
			require.NoError(t, err)
			require.Contains(t, string(response), `\"OK\"`)
			t.Logf("%v allocations", allocations)
			assert.LessOrEqual(t, allocations, tt.most)
		})
	}
}
