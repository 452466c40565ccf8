package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/vectortest"
)

// Sixteen bodies of 1 MB at once, of whatever shape, are answered within the time of a reply (three
// times that here, in one of three tries, for a loaded machine). What they take is no more than 8
// MB each beside the body, and as much again, which the garbage collector lets stand.
func TestServer_LargeBodiesAtOnce(t *testing.T) {
	const atOnce, inTime, most = 16, 3 * 1500 * time.Millisecond, 2 * 16 * (8 + 1) << 10
	s := server(t, nil)
	sample := vectortest.Named(t, "sample-group-set")
	status, _ := processtest.Exchange(t, http.MethodPost, sample.URL(s.URL, time.Now()), sample.Request.Body)
	require.Equal(t, http.StatusOK, status)
	before := peak(t, s.PID())
	bodies := vectortest.LargeBodies()
	for names := range slices.Chunk(slices.Sorted(maps.Keys(bodies)), atOnce) {
		quickest := time.Hour
		for tries := 0; tries < 3 && quickest > inTime; tries++ {
			var together sync.WaitGroup
			began := time.Now()
			for i := range atOnce {
				name := names[i%len(names)]
				together.Go(func() {
					status, reply := processtest.Exchange(t, http.MethodPost, sample.URL(s.URL, time.Now()), bodies[name])
					assert.Equal(t, http.StatusOK, status, name)
					assert.Contains(t, reply, `"ActionStatus":`, name)
				})
			}
			together.Wait()
			quickest = min(quickest, time.Since(began))
		}
		t.Logf("%d ms, peak %d KB more", quickest.Milliseconds(), peak(t, s.PID())-before)
		assert.LessOrEqual(t, quickest, inTime, names)
	}
	assert.LessOrEqual(t, peak(t, s.PID())-before, most, "KB")
}

// peak returns the most memory that a process ever had resident, in KB (proc(5)).
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, match)
	size, err := strconv.Atoi(string(match[1]))
	require.NoError(t, err)
	return size
}
