package repair

import (
	"context"
	"errors"

	"msgext/internal/guard"
	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// asked says what an operator asks of a read, if one does.
type asked int

const (
	byNobody   asked = iota
	toReplay         // that everybody is told, whatever is read
	toBackfill       // that everybody is told, if there is something to tell
)

// maxAsked bounds how often Replay and Backfill begin again because another read was faster.
const maxAsked = 3

// Replay reads a message and tells the sinks, whatever the store holds of it. With it an operator
// makes everybody agree on one message now. A message that was given up is taken up again. Among
// its errors are ErrNoAccess, ErrTooSoon, and chatapi.ErrGone for a message that Chat does not
// have. The sinks are told that it is gone.
func (r *Repairer) Replay(ctx context.Context, message msgext.Message) error {
	_, err := r.ask(ctx, message, toReplay)
	return err
}

// Backfill does as Replay does, for a message of which the store may know nothing. It reports
// whether there was something to tell. A message that is not known otherwise leaves no record and
// is told to nobody if it has no extensions, if Chat does not have it, or if Chat refuses to let it
// be read. A one-to-one message of which Chat has nothing is looked for with its two accounts
// exchanged as well. Its errors are those of Replay.
func (r *Repairer) Backfill(ctx context.Context, message msgext.Message) (found bool, err error) {
	result, err := r.ask(ctx, message, toBackfill)
	if err == nil && result.Absent && !message.IsGroup() {
		result, err = r.ask(ctx, exchanged(message), toBackfill)
	}
	return err == nil && !result.Absent, err
}

// ask reads a message for an operator.
func (r *Repairer) ask(ctx context.Context, message msgext.Message, by asked) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	found, err := r.tryAsked(ctx, message, by)
	if err != nil {
		r.logFailure(ctx, message, result{}, err)
	}
	return found, err
}

func (r *Repairer) tryAsked(ctx context.Context, message msgext.Message, by asked) (found result, err error) {
	if r.options.Chat == nil {
		return result{}, ErrNoAccess
	}
	for left := maxAsked; ; left-- {
		record, err := r.options.Store.Load(ctx, message)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return result{}, err
		}
		head := state.Head{Message: message, Progress: record.State.Progress, Check: record.Check}
		err = guard.Recover(func() (err error) {
			found, err = r.readBack(ctx, head, by)
			return err
		})
		switch {
		case errors.Is(err, errOvertaken) && left > 1:
			continue
		case err == nil && found.Gone:
			return found, chatapi.ErrGone
		}
		return found, err
	}
}
