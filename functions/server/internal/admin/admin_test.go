package admin

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/internal/metric"
)

func get(t *testing.T, handler http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestReadyz(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		says   string
		logs   string
	}{
		{"ready", nil, 200, "ready\n", ""},
		{"the store is down", errors.New("planted"), 503, "the store does not answer\n", "planted"},
		{"stopping", ErrStopping, 503, "stopping\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			handler := New(NewMetrics("v"), func(ctx context.Context) error {
				_, bounded := ctx.Deadline()
				assert.True(t, bounded)
				return test.err
			}, slog.New(slog.NewTextHandler(&log, nil)))
			status, body := get(t, handler, "/readyz")
			assert.Equal(t, test.status, status)
			assert.Equal(t, test.says, body)
			assert.Contains(t, log.String(), test.logs)
			assert.Equal(t, test.logs == "", log.Len() == 0)
			status, _ = get(t, handler, "/healthz")
			assert.Equal(t, 200, status, "a store that is down is no reason to start the process again")
		})
	}
}

// A measurement is shown under its own name, and the log line has the same value.
func TestMetrics(t *testing.T) {
	metrics := NewMetrics("1.2.3")
	for range 2 {
		values := []slog.Attr{
			slog.Float64(metric.Accepted, 1), slog.Float64(metric.RequestTime, 3), slog.Float64(metric.FailedDelivery, 1),
		}
		assert.Equal(t, values, metrics.Format(time.Now(), values, ""))
	}
	metrics.Format(time.Now(), []slog.Attr{slog.Float64(metric.Rejected, 40)}, metric.RefusedSignature)
	metrics.Overloaded()
	_, body := get(t, New(metrics, nil, slog.New(slog.DiscardHandler)), "/metrics")
	for _, line := range []string{
		"msgext_Accepted 2", "msgext_Failed 0", "msgext_Overloaded 1", "msgext_FailedDelivery 2",
		`msgext_Rejected{refusal="signature"} 40`, `msgext_Rejected{refusal="other"} 0`, `msgext_RequestTime_bucket{le="2"} 0`, `msgext_RequestTime_bucket{le="5"} 2`, "msgext_RequestTime_sum 6",
		`msgext_Build{version="1.2.3"} 1`, "go_goroutines ",
	} {
		assert.Contains(t, body, "\n"+line)
	}
}

// A gauge is shown only if the newest run measured it. 0 would be wrong.
func TestMetrics_AGaugeIsAbsentWhereItIsNotKnown(t *testing.T) {
	metrics := NewMetrics("v")
	shown := func() string {
		_, body := get(t, New(metrics, nil, slog.New(slog.DiscardHandler)), "/metrics")
		return body
	}
	run := []slog.Attr{slog.Float64(metric.Checked, 0)}
	assert.NotContains(t, shown(), "msgext_Open", "before the first run")
	metrics.Format(time.Now(), append(run, slog.Float64(metric.Open, 7), slog.Float64(metric.OldestDue, 2000)), "")
	assert.Contains(t, shown(), "\nmsgext_Open 7")
	metrics.Format(time.Now(), []slog.Attr{slog.Float64(metric.Requests, 1)}, "")
	assert.Contains(t, shown(), "\nmsgext_OldestDue 2000", "a request says nothing of it")
	metrics.Format(time.Now(), append(run, slog.Float64(metric.Open, 0)), "")
	assert.Contains(t, shown(), "\nmsgext_Open 0")
	assert.NotContains(t, shown(), "msgext_OldestDue")
}
