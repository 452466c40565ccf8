package receiver

import (
	"context"
	"errors"

	"msgext/internal/guard"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
)

// noter tells the store what a command that is not ours says about messages. It returns the outcome
// of each call of the store.
type noter func(ctx context.Context, rec *record) []sink.Outcome

// noter returns the noter for a command, nil if there is nothing to note. It runs in addition to
// whatever answers the command.
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

// noteBeside runs the command's noter in the background. The function that it returns waits for it.
func (rc *Receiver) noteBeside(ctx context.Context, rec *record) (wait func()) {
	note := rc.noter(rec.command)
	if note == nil {
		return func() {}
	}
	var outcomes []sink.Outcome
	noted := make(chan error, 1)
	go func() {
		noted <- guard.Recover(func() error {
			outcomes = note(ctx, rec)
			return nil
		})
	}()
	return func() {
		rec.noteErr = <-noted
		for _, outcome := range outcomes {
			rec.outcomes = append(rec.outcomes, outcome)
			rec.noteErr = errors.Join(rec.noteErr, outcome.Failure())
		}
	}
}
