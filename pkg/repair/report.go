package repair

import (
	"context"
	"log/slog"
	"time"

	"msgext/internal/metric"
	"msgext/pkg/msgext"
)

// Report is what a run came to.
type Report struct {
	Checked  int           // messages looked at
	Gaps     int           // of them, with a version missing
	Read     int           // read back from Chat
	Repaired int           // told to the sinks, because a read changed them or a sink may have missed something
	Dropped  int           // brought back from versions that Chat does not have
	Open     int           // not settled: a gap still, or a read, a sink or the store failed
	Longest  time.Duration // the longest time a message had been due
}

func (r *Report) add(result result) {
	r.Checked++
	for _, count := range []struct {
		when bool
		n    *int
	}{
		{result.Gap, &r.Gaps}, {result.Read, &r.Read}, {result.Repaired, &r.Repaired},
		{result.Dropped, &r.Dropped}, {result.Open, &r.Open},
	} {
		if count.when {
			*count.n++
		}
	}
	r.Longest = max(r.Longest, result.Waited)
}

func (r Report) log(ctx context.Context, options Options, started time.Time, err error) {
	now := options.Now()
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.Int64("duration_ms", now.Sub(started).Milliseconds())}
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	values := []slog.Attr{
		slog.Float64(metric.Checked, float64(r.Checked)),
		slog.Float64(metric.Gaps, float64(r.Gaps)),
		slog.Float64(metric.Read, float64(r.Read)),
		slog.Float64(metric.Repaired, float64(r.Repaired)),
		slog.Float64(metric.Ahead, float64(r.Dropped)),
		slog.Float64(metric.Unrepaired, float64(r.Open)),
		slog.Float64(metric.LongestDue, float64(r.Longest.Milliseconds())),
	}
	format := options.Metrics
	if format == nil {
		if r.Checked == 0 && err == nil {
			return // a local run every few seconds that found nothing is no news
		}
		format = metric.Plain
	}
	options.Logger.LogAttrs(ctx, level, "repair", append(attrs, format(now, values)...)...)
}

func (r *Repairer) logTrouble(ctx context.Context, message msgext.Message, result result, err error) {
	attrs := message.AppendLogAttrs([]slog.Attr{slog.String("app_id", message.SDKAppID)})
	attrs = append(attrs, slog.Bool("gap", result.Gap), slog.String("error", err.Error()))
	r.options.Logger.LogAttrs(ctx, slog.LevelWarn, "repair: message not settled", attrs...)
}
