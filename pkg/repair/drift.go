package repair

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// verify compares a sample of all messages with Chat, once everything else is done. If something
// was lost of a message whose last read is over, nothing else finds it. A message that differs is
// doubted. Where one seems to differ, verify waits for the grace time. What the run has no time for
// stays undecided, and is left to another sample.
func (r *run) verify(ctx context.Context) error {
	repairer := r.repairer
	if repairer.options.VerifySample == 0 || repairer.options.Chat == nil {
		return nil
	}
	sample := repairer.Sample(ctx, repairer.options.VerifySample, repairer.options.Rand())
	verified, err := repairer.Verify(ctx, sample, VerifyOptions{
		Repair: true,
		Told: func(v Verdict) {
			if v.Comparison == Differs || v.Comparison == Gone {
				repairer.logDrift(ctx, v)
			}
		},
		Failed: func(message msgext.Message, err error) {
			if !errors.Is(err, state.ErrNotFound) { // erased meanwhile
				repairer.logFailure(ctx, message, result{}, err)
			}
		},
	})
	r.report.Verified, r.report.Drift = verified.Compared, verified.Differing+verified.Gone
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// logDrift names a message that differs: its versions, never its keys.
func (r *Repairer) logDrift(ctx context.Context, v Verdict) {
	attrs := v.Message.AppendLogAttrs([]slog.Attr{slog.String("app_id", v.Message.SDKAppID)})
	attrs = append(attrs, slog.String("comparison", v.Comparison.String()), slog.Int("keys", len(v.Differences)),
		slog.Int64("version", v.Latest), slog.Int64("chat_version", v.ChatLatest))
	if v.Exchanged {
		attrs = append(attrs, slog.Bool("exchanged", true))
	}
	r.options.Logger.LogAttrs(ctx, slog.LevelWarn, "repair: message is not as Chat has it, and is read back", attrs...)
}
