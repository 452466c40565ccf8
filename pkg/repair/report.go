package repair

import (
	"context"
	"log/slog"
	"time"

	"msgext/internal/metric"
	"msgext/pkg/msgext"
)

// Report is the result of a run.
type Report struct {
	Checked  int           // messages looked at
	Gaps     int           // of them, with a version missing
	Doubted  int           `json:",omitempty"` // of them, with an event that could not be taken in
	Read     int           // read back from Chat
	Repaired int           // told to the sinks, because a read changed them or a sink may have missed something
	Healed   int           `json:",omitempty"` // of them, with a loss that is made good: a version had not been heard of, or not everywhere
	Dropped  int           // brought back from versions that Chat does not have
	Fell     int           `json:",omitempty"` // whose LatestSeq has fallen, because its newest key was deleted
	Gone     int           `json:",omitempty"` // that Chat has no more
	Erased   int           `json:",omitempty"` // quiet for the retention time
	Open     int           // not settled: a gap still, or a read, a sink or the store failed
	GaveUp   int           `json:",omitempty"` // of them, given up: Chat has refused the read for good
	Foreign  int           `json:",omitempty"` // another app's, in this app's store: not looked at
	Longest  time.Duration // the longest time a message had been due

	// Verified counts the messages of a run's sample that were compared with Chat. Drift counts
	// those of them that differed, or that Chat has no more.
	Verified int `json:",omitempty"`
	Drift    int `json:",omitempty"`

	// AnnouncedSkipped counts messages that were only announced and were due, but for which there
	// was no time. A thousand means that many or more.
	AnnouncedSkipped int `json:",omitempty"`
}

// result is the result of one check.
type result struct {
	Gap, Doubted, Read, Repaired, Healed, Dropped, Fell, Gone, Erased, Open, GaveUp, Foreign bool

	// Absent: nothing is known of the message, and Chat has no extensions of it.
	Absent bool

	Waited time.Duration
}

// and returns what two parts of one check came to; what is open is for the second to say.
func (r result) and(next result) result {
	return result{
		Gap: r.Gap || next.Gap, Doubted: r.Doubted || next.Doubted, Read: r.Read || next.Read, Repaired: r.Repaired || next.Repaired,
		Healed:  r.Healed || next.Healed,
		Dropped: r.Dropped || next.Dropped, Fell: r.Fell || next.Fell, Gone: r.Gone || next.Gone, Erased: r.Erased || next.Erased,
		Open: next.Open, GaveUp: next.GaveUp, Absent: next.Absent,
	}
}

func (r *Report) add(result result) {
	if result.Foreign {
		r.Foreign++
		return
	}
	r.Checked++
	for _, count := range []struct {
		when bool
		n    *int
	}{
		{result.Gap, &r.Gaps}, {result.Doubted, &r.Doubted}, {result.Read, &r.Read}, {result.Repaired, &r.Repaired},
		{result.Dropped, &r.Dropped}, {result.Fell, &r.Fell}, {result.Gone, &r.Gone}, {result.Erased, &r.Erased},
		{result.Open, &r.Open}, {result.GaveUp, &r.GaveUp}, {result.Healed && !result.Open && !result.Dropped, &r.Healed},
	} {
		if count.when {
			*count.n++
		}
	}
	r.Longest = max(r.Longest, result.Waited)
}

// rare are the counts that a line names only where there is something to count.
func (r Report) rare() (attrs []slog.Attr) {
	for _, count := range []struct {
		name string
		n    int
	}{
		{"doubted", r.Doubted}, {"repaired", r.Repaired}, {"unsettled", r.Open}, {"gave_up", r.GaveUp}, {"dropped", r.Dropped},
		{"fell", r.Fell}, {"gone", r.Gone}, {"erased", r.Erased}, {"foreign", r.Foreign},
		{"verified", r.Verified},
	} {
		if count.n > 0 {
			attrs = append(attrs, slog.Int(count.name, count.n))
		}
	}
	return attrs
}

func (r Report) log(ctx context.Context, options Options, started time.Time, left []slog.Attr, err error) {
	now := options.Now()
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.Int64("duration_ms", now.Sub(started).Milliseconds())}
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	attrs = append(attrs, r.rare()...)
	format := options.Metrics
	if format == nil {
		if r.Checked+r.Foreign+r.AnnouncedSkipped+r.Drift == 0 && err == nil {
			return // a local run every few seconds that found nothing is no news
		}
		format = metric.Plain
	}
	options.Logger.LogAttrs(ctx, level, "repair", append(attrs, format(now, append(r.measurements(err), left...), "")...)...)
}

func (r *Repairer) logFailure(ctx context.Context, message msgext.Message, result result, err error) {
	attrs := message.AppendLogAttrs([]slog.Attr{slog.String("app_id", message.SDKAppID)})
	attrs = append(attrs, slog.Bool("gap", result.Gap), slog.String("error", err.Error()))
	r.options.Logger.LogAttrs(ctx, slog.LevelWarn, "repair: message not settled", attrs...)
}
