package msgext_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
)

// For a body of 1 MB, the limit, Decode and, where it refuses, Identify together allocate at most 8
// MB, whatever the body holds. Garbage counts.
func TestDecode_MemoryIsBounded(t *testing.T) {
	const most = 8 << 20
	for name, body := range vectortest.LargeBodies() {
		t.Run(name, func(t *testing.T) {
			received := []byte(body)
			allocated := allocatedBy(func() {
				if _, err := msgext.Decode("1", msgext.GroupCommand, received); err != nil {
					_, _ = msgext.Identify("1", msgext.GroupCommand, received)
				}
			})
			t.Logf("%.1f MB", float64(allocated)/(1<<20))
			assert.LessOrEqual(t, allocated, uint64(most))
		})
	}
}

func allocatedBy(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
