package repair

import (
	"context"
	"errors"

	"msgext/internal/guard"
	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// purpose is why a message is read.
type purpose int

const (
	toCheck    purpose = iota // it is due, and sinks are told what they may lack
	toReplay                  // an operator has every sink told, whatever is read
	toBackfill                // an operator has every sink told, if there is something to tell
)

// maxAttempts bounds how often Replay and Backfill begin again because another read was faster.
const maxAttempts = 3

// Replay reads a message and tells the sinks, whatever the store holds of it. With it an operator
// makes everybody agree on one message now. A message that was given up is taken up again. Among
// its errors are ErrNoAccess, ErrTooSoon, and chatapi.ErrGone for a message that Chat does not
// have. The sinks are told that it is gone.
func (r *Repairer) Replay(ctx context.Context, message msgext.Message) error {
	_, err := r.readFor(ctx, message, toReplay)
	return err
}

// Backfill does as Replay does, for a message of which the store may know nothing. It reports
// whether there was something to tell. A message that is not known otherwise leaves no record and
// is told to nobody if it has no extensions, if Chat does not have it, or if Chat refuses to let it
// be read. A one-to-one message of which Chat has nothing is looked for with its two accounts
// exchanged as well. Its errors are those of Replay.
func (r *Repairer) Backfill(ctx context.Context, message msgext.Message) (found bool, err error) {
	result, err := r.readFor(ctx, message, toBackfill)
	if err == nil && result.Absent && !message.IsGroup() {
		result, err = r.readFor(ctx, message.Exchanged(), toBackfill)
	}
	return err == nil && !result.Absent, err
}

// readFor reads a message for an operator. It begins again where another read overtakes it.
func (r *Repairer) readFor(ctx context.Context, message msgext.Message, why purpose) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	var found result
	err := errOvertaken
	for attempt := 0; attempt < maxAttempts && errors.Is(err, errOvertaken); attempt++ {
		found, err = r.attempt(ctx, message, why)
	}
	if err == nil && found.Gone {
		err = chatapi.ErrGone
	}
	if err != nil {
		r.logFailure(ctx, message, result{}, err)
	}
	return found, err
}

// attempt reads a message once, whether or not the store knows it. A panic is its error.
func (r *Repairer) attempt(ctx context.Context, message msgext.Message, why purpose) (found result, err error) {
	if r.options.Chat == nil {
		return result{}, ErrNoAccess
	}
	record, err := r.options.Store.Load(ctx, message)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return result{}, err
	}
	head := state.Head{Message: message, Progress: record.State.Progress, Check: record.Check}
	err = guard.Recover(func() (err error) {
		found, err = r.readBack(ctx, head, why)
		return err
	})
	return found, err
}
