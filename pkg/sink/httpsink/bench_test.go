package httpsink_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/secret"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/sinktest"
)

func BenchmarkSend(b *testing.B) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	event := sinktest.Change(b, "g", 1, "v")
	bench := func(secrets ...secret.String) func(*testing.B) {
		return func(b *testing.B) {
			s, err := httpsink.New(httpsink.Options{URL: secret.String(server.URL), Secrets: secrets, TLS: trusting(server)})
			require.NoError(b, err)
			// Kept connections watch a deadline.
			ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
			defer cancel()
			b.ReportAllocs()
			defer reportCPU(b)()
			for b.Loop() {
				if err := s.Send(ctx, event); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("signed", bench(newSecret))
	b.Run("unsigned", bench())
	b.Run("bare client", func(b *testing.B) { // the floor
		b.ReportAllocs()
		defer reportCPU(b)()
		for b.Loop() {
			response, err := server.Client().Post(server.URL, cloudevent.ContentType, bytes.NewReader(event.JSON()))
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	})
}

// reportCPU reports the CPU time per operation of the whole process, which includes the receiver.
func reportCPU(b *testing.B) (stop func()) {
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}
