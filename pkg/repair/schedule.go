package repair

import (
	"context"
	"fmt"
	"time"

	"msgext/pkg/state"
)

const (
	// maxBackoff is the longest time between two reads of a message that does not settle.
	maxBackoff = time.Hour

	// quietBeforeSweep is how long a message must not have been heard of before its garbage
	// goes: far longer than any delivery can be late.
	quietBeforeSweep = 7 * 24 * time.Hour
)

// rereads are the ages of the last change at which ReadAll reads a message once more, because a
// lost last version has nothing after it to betray it.
func rereads() []time.Duration { return []time.Duration{10 * time.Minute, time.Hour} }

// settle writes that nothing is missing up to floor, and when the message is looked at
// next: for another read where all are read, otherwise once more, to be swept.
func (r *Repairer) settle(ctx context.Context, head state.Head, floor int64, check state.Check) error {
	check.Tries = 0
	if check.Heard.IsZero() {
		return r.write(ctx, head, floor, check, time.Time{})
	}
	next := check.Heard.Add(quietBeforeSweep)
	if r.options.ReadAll && r.options.Chat != nil {
		for _, age := range rereads() {
			if at := check.Heard.Add(age); at.After(r.options.Now()) {
				next = at
				break
			}
		}
	}
	return r.lookAgain(ctx, head, floor, check, next)
}

// putOff writes that the check failed, and that it is tried again after 1, 2, 4, ... grace times.
func (r *Repairer) putOff(ctx context.Context, head state.Head, check state.Check) error {
	check.Tries++
	return r.lookAgain(ctx, head, 0, check, r.options.Now().Add(r.backoff(check.Tries)))
}

func (r *Repairer) backoff(tries int) time.Duration {
	wait := r.options.Grace
	for ; tries > 1 && wait < maxBackoff; tries-- {
		wait *= 2
	}
	return min(wait, maxBackoff)
}

// lookAgain writes a check with the moment from which Run is to take the message up again. The store
// keeps since when a message is due, and Run asks for those due for the grace time.
func (r *Repairer) lookAgain(ctx context.Context, head state.Head, floor int64, check state.Check, at time.Time) error {
	return r.write(ctx, head, floor, check, at.Add(-r.options.Grace))
}

func (r *Repairer) write(ctx context.Context, head state.Head, floor int64, check state.Check, due time.Time) error {
	check.Due = due
	// The outcome is worth writing even when the check itself used up its time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeBudget)
	defer cancel()
	if err := r.options.Store.Checked(ctx, head.Message, state.Outcome{Floor: floor, Check: check}); err != nil {
		return fmt.Errorf("write outcome: %w", err)
	}
	return nil
}

// sweep removes the garbage of a message that has been quiet, and is done with it.
func (r *Repairer) sweep(ctx context.Context, head state.Head) (result, error) {
	if err := r.options.Store.Sweep(ctx, head.Message, head.Check.Revision); err != nil {
		return result{Open: true}, fmt.Errorf("sweep: %w", err)
	}
	return result{}, r.write(ctx, head, head.Progress.Contiguous(), head.Check, time.Time{})
}
