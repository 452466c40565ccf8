package receiver

import (
	"context"

	"msgext/pkg/msgext"
	"msgext/pkg/sink"
)

// noter tells the store what a command that is not ours says of messages. What the store did not
// take it returns.
type noter func(ctx context.Context, rec *record) []sink.Outcome

// noter returns what is to be done about a command beside whatever answers it; nil for nothing.
func (rc *Receiver) noter(command string) noter {
	switch {
	case rc.options.Store == nil:
		return nil
	case msgext.IsRecall(command):
		return rc.doubtRecalled
	case len(rc.options.Announce) > 0 && msgext.IsAnnouncement(command):
		return rc.announce
	}
	return nil
}

// noteBeside tells the store meanwhile. What it returns waits for it.
func (rc *Receiver) noteBeside(ctx context.Context, rec *record) (wait func()) {
	note := rc.noter(rec.command)
	if note == nil {
		return func() {}
	}
	noted := make(chan []sink.Outcome, 1)
	go func() { noted <- note(ctx, rec) }()
	return func() { rec.outcomes = append(rec.outcomes, <-noted...) }
}
