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

// maxRefusedLines is how many refused requests a minute get a line of their own. A line costs more
// than the rest of a refusal, and an attacker decides how many requests there are.
const maxRefusedLines = 5

// countMessage is the text of a line that stands for many refused requests.
const countMessage = "webhook: refused, counted"

// keyCounted is the key of the number of requests that such a line stands for.
const keyCounted = "counted"

// refusals decides which refused requests get a line of their own. It counts the others until the
// next line of any kind, before which the count is logged. When the process ends, what was counted
// since the last line is lost.
type refusals struct {
	mu      sync.Mutex
	minute  int64 // Unix time in minutes
	lines   int   // of that minute
	counted map[string]int
}

// leaveOut reports whether a request that was refused at the given time gets no line. If so, it
// counts the request.
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

// take returns the counts and resets them.
func (r *refusals) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counted := r.counted
	r.counted = nil
	return counted
}

// anonymous reports whether a request was refused before anything was known of its sender. Anybody
// can send such requests at no cost. A request that was refused later comes from the app's own Chat
// and always gets its line.
func anonymous(rec *record, verdict rule) bool {
	return verdict.fate == rejected && rec.command == ""
}

// logCounted writes one line for each kind of refusal that was counted since the last line.
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
