package receiver

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"msgext/internal/metric"
)

// maxRefusedLines is how many refused requests a minute have a line of their own. A line costs more
// than all else that refusing costs, and whoever sends a million requests decides how many there
// are.
const maxRefusedLines = 5

// countMessage is the text of a line that stands for many refused requests.
const countMessage = "webhook: refused, counted"

// keyCounted is how many.
const keyCounted = "counted"

// refusals decides which refused requests have a line of their own, and counts the others until the
// next line of any kind takes the count along. It lives as long as the process: with it goes what
// was counted since its last line.
type refusals struct {
	mu      sync.Mutex
	minute  int64 // Unix time in minutes
	lines   int   // of that minute
	counted map[string]int
}

// leaveOut reports whether a request that was refused at a moment has no line, and then counts it.
func (r *refusals) leaveOut(refusal string, at time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if minute := at.Unix() / 60; minute != r.minute {
		r.minute, r.lines = minute, 0
	}
	if r.lines < maxRefusedLines {
		r.lines++
		return false
	}
	if r.counted == nil {
		r.counted = make(map[string]int)
	}
	r.counted[refusal]++
	return true
}

// take returns what was counted and begins anew.
func (r *refusals) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counted := r.counted
	r.counted = nil
	return counted
}

// anonymous reports whether a request was refused before anything was known of its sender. Such
// requests cost whoever sends them nothing. What was refused later is the app's own, and has its
// line always.
func anonymous(rec *record, verdict rule) bool {
	return verdict.fate == rejected && rec.command == ""
}

// logCounted writes a line for each kind of refusal that was counted since the last line.
func (rc *Receiver) logCounted(ctx context.Context, now time.Time) {
	counted := rc.refusals.take()
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
