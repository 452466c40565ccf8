package repair

import (
	"context"
	"errors"

	"msgext/internal/guard"
	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// maxReplays bounds how often Replay begins again because another read was faster.
const maxReplays = 3

// Replay reads a message and tells the sinks, whatever the store holds of it: the operator's
// way to make everybody agree on one message now. It takes up again what was given up. Its errors are, among
// others, ErrNoAccess, ErrTooSoon, and chatapi.ErrGone for a message that Chat does not have, of which the sinks
// are told.
func (r *Repairer) Replay(ctx context.Context, message msgext.Message) error {
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	err := r.replay(ctx, message)
	if err != nil {
		r.logTrouble(ctx, message, result{}, err)
	}
	return err
}

func (r *Repairer) replay(ctx context.Context, message msgext.Message) error {
	if r.options.Chat == nil {
		return ErrNoAccess
	}
	for left := maxReplays; ; left-- {
		record, err := r.options.Store.Load(ctx, message)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return err
		}
		head := state.Head{Message: message, Progress: record.State.Progress, Check: record.Check}
		found := result{}
		err = guard.Recover(func() (err error) {
			found, err = r.readBack(ctx, head, true)
			return err
		})
		switch {
		case errors.Is(err, errOvertaken) && left > 1:
			continue
		case err == nil && found.Gone:
			return chatapi.ErrGone
		}
		return err
	}
}
