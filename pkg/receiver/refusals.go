package receiver

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"msgext/internal/metric"
)

// countMessage is the text of a line that stands for many refused requests.
const countMessage = "webhook: refused, counted"

// keyCounted is the key of the number of requests that such a line stands for.
const keyCounted = "counted"

// anonymous reports whether a request was refused before anything was known of its sender. Anybody
// can send such requests at no cost. A request that was refused later comes from the app's own Chat
// and always gets its line.
func anonymous(rec *record, rule rule) bool {
	return rule.fate == rejected && rec.command == ""
}

// logCounted writes one line for each kind of refusal that was counted since the last line.
func (rc *Receiver) logCounted(ctx context.Context, now time.Time) {
	counted := rc.refusals.Take()
	if len(counted) == 0 { // as nearly always; to sort nothing takes allocations
		return
	}
	for _, refusal := range slices.Sorted(maps.Keys(counted)) {
		n := counted[refusal]
		attrs := []slog.Attr{slog.String(keyFate, string(rejected)), slog.Int(keyCounted, n)}
		if rc.options.Metrics != nil {
			attrs = append(attrs, rc.options.Metrics(now, []slog.Attr{count(metric.Requests, n), count(metric.Rejected, n)}, refusal)...)
		} else {
			attrs = append(attrs, slog.String(metric.KeyRefusal, refusal))
		}
		rc.options.Logger.LogAttrs(ctx, rejected.level(), countMessage, attrs...)
	}
}
