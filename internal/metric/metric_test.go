package metric_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
)

var (
	at     = time.UnixMilli(1764688294360)
	values = []slog.Attr{slog.Float64(metric.Rejected, 1), slog.Float64(metric.RequestTime, 1.5)}
)

func line(t *testing.T, format metric.Format, refusal string) map[string]any {
	t.Helper()
	var log bytes.Buffer
	attrs := append([]slog.Attr{slog.String("reason", "wrong signature")}, format(at, values, refusal)...)
	slog.New(slog.NewJSONHandler(&log, nil)).LogAttrs(t.Context(), slog.LevelInfo, "webhook", attrs...)
	var line map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &line))
	delete(line, "time")
	return line
}

func TestEmbedded_FollowsCloudWatchsSpecification(t *testing.T) {
	byFunction := map[string]any{
		"Namespace":  "msgext",
		"Dimensions": []any{[]any{"function"}},
		"Metrics": []any{
			map[string]any{"Name": "Rejected", "Unit": "Count"},
			map[string]any{"Name": "RequestTime", "Unit": "Milliseconds"},
		},
	}
	byRefusal := map[string]any{
		"Namespace":  "msgext",
		"Dimensions": []any{[]any{"function", "refusal"}},
		"Metrics":    []any{map[string]any{"Name": "Rejected", "Unit": "Count"}},
	}
	want := map[string]any{
		"level": "INFO", "msg": "webhook", "reason": "wrong signature", "Rejected": 1.0, "RequestTime": 1.5,
		"function": "votes-Webhook-1",
		"_aws":     map[string]any{"Timestamp": 1764688294360.0, "CloudWatchMetrics": []any{byFunction}},
	}
	assert.Equal(t, want, line(t, metric.Embedded("votes-Webhook-1"), ""))
	want["refusal"] = "signature"
	want["_aws"] = map[string]any{"Timestamp": 1764688294360.0, "CloudWatchMetrics": []any{byFunction, byRefusal}}
	assert.Equal(t, want, line(t, metric.Embedded("votes-Webhook-1"), metric.RefusedSignature))
}

func TestPlain_HasTheSameNames(t *testing.T) {
	want := map[string]any{"level": "INFO", "msg": "webhook", "reason": "wrong signature", "Rejected": 1.0, "RequestTime": 1.5}
	assert.Equal(t, want, line(t, metric.Plain, ""))
	want["refusal"] = "app"
	assert.Equal(t, want, line(t, metric.Plain, metric.RefusedApp))
}

func TestEmbedded_AddsNothingToNothing(t *testing.T) {
	assert.Empty(t, metric.Embedded("f")(at, nil, ""))
}

// CloudWatch bills each name once for each set of dimensions. The sum stays below 40 for a stack.
func TestAll_StaysCheap(t *testing.T) {
	billed := len(metric.Refusals())
	seen := make(map[string]bool)
	for _, m := range metric.All() {
		assert.False(t, seen[m.Name], m.Name)
		seen[m.Name] = true
		if m.Source != metric.Server {
			billed++
		}
	}
	assert.LessOrEqual(t, billed, 40)
	operations, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	assert.Contains(t, string(operations), fmt.Sprintf("at most %d ([metrics.md]", billed), "the cost table counts them")
}
