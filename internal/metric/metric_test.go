package metric_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
)

var (
	at     = time.UnixMilli(1764688294360)
	values = []slog.Attr{slog.Float64(metric.Accepted, 1), slog.Float64(metric.RequestTime, 1.5)}
)

func line(t *testing.T, format metric.Format, dimensions ...string) map[string]any {
	t.Helper()
	var log bytes.Buffer
	attrs := append([]slog.Attr{slog.String("reason", "delivered")}, format(at, values, dimensions...)...)
	slog.New(slog.NewJSONHandler(&log, nil)).LogAttrs(t.Context(), slog.LevelInfo, "webhook", attrs...)
	var line map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &line))
	delete(line, "time")
	return line
}

func TestEmbedded_FollowsCloudWatchsSpecification(t *testing.T) {
	assert.Equal(t, map[string]any{
		"level": "INFO", "msg": "webhook", "reason": "delivered", "Accepted": 1.0, "RequestTime": 1.5,
		"_aws": map[string]any{
			"Timestamp": 1764688294360.0,
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace":  "msgext",
				"Dimensions": []any{[]any{}, []any{"reason"}},
				"Metrics": []any{
					map[string]any{"Name": "Accepted", "Unit": "Count"},
					map[string]any{"Name": "RequestTime", "Unit": "Milliseconds"},
				},
			}},
		},
	}, line(t, metric.Embedded, "reason"))
}

func TestPlain_HasTheSameNames(t *testing.T) {
	assert.Equal(t, map[string]any{"level": "INFO", "msg": "webhook", "reason": "delivered", "Accepted": 1.0, "RequestTime": 1.5},
		line(t, metric.Plain, "reason"))
}

func TestEmbedded_AddsNothingToNothing(t *testing.T) {
	assert.Empty(t, metric.Embedded(at, nil))
}
