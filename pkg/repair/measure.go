package repair

import (
	"context"
	"log/slog"
	"time"

	"msgext/internal/metric"
)

const (
	// maxLeft bounds how many unsettled messages are counted. A count of maxLeft means that many or
	// more.
	maxLeft = 1000

	// leftTime is how long the store may take to say what is left.
	leftTime = 3 * time.Second
)

// measurements are the numbers in a run's line, except what is left in the store.
func (r Report) measurements(err error) []slog.Attr {
	failed := 0
	if err != nil {
		failed = 1
	}
	values := append(make([]slog.Attr, 0, 9),
		count(metric.Checked, r.Checked), count(metric.Gaps, r.Gaps), count(metric.Read, r.Read),
		count(metric.Healed, r.Healed), count(metric.RepairFailed, failed))
	if r.Verified > 0 {
		values = append(values, count(metric.Drift, r.Drift))
	}
	if r.AnnouncedSkipped > 0 {
		values = append(values, count(metric.AnnouncedSkipped, r.AnnouncedSkipped))
	}
	return values
}

// left asks the store what is left to do. A run looks only at what is due. A message that stays
// refused is due once an hour, and open all the while. If the store cannot say, nothing is
// measured, because 0 would be wrong.
func (r *Repairer) left(ctx context.Context) []slog.Attr {
	if r.options.Metrics == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leftTime)
	defer cancel()
	counts, err := r.options.Store.Count(ctx, maxLeft)
	if err != nil {
		r.options.Logger.WarnContext(ctx, "repair: it is not known what is left", "error", err)
		return nil
	}
	waited := time.Duration(0)
	if !counts.OldestDue.IsZero() {
		waited = max(0, r.options.Now().Sub(counts.OldestDue))
	}
	return []slog.Attr{
		count(metric.Open, counts.Open), count(metric.Stuck, counts.Stuck), slog.Float64(metric.OldestDue, float64(waited.Milliseconds())),
	}
}

func count(name string, n int) slog.Attr { return slog.Float64(name, float64(n)) }
