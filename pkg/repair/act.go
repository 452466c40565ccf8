package repair

import (
	"context"
	"errors"
	"fmt"

	"msgext/internal/guard"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// errOvertaken means that another check has read the message in the meantime. That check tells the
// sinks and writes the outcome.
var errOvertaken = errors.New("repair: overtaken by another read")

// maxLooks bounds how often one check reads a message: once, and once more after a drop.
const maxLooks = 3

// check looks at one due message and carries out what is decided. A panic counts as a failure of
// this message alone.
func (r *Repairer) check(ctx context.Context, head state.Head) (result, error) {
	d := r.policy.plan(head, r.options.Now())
	if d.foreign {
		return result{Foreign: true}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	found := result{Gap: d.result.Gap, Doubted: d.result.Doubted, Open: true}
	err := guard.Recover(func() error {
		more, err := r.follow(ctx, head, d)
		found = found.and(more)
		return err
	})
	switch {
	case errors.Is(err, errOvertaken):
		return found, nil
	case errors.Is(err, guard.ErrPanic):
		err = errors.Join(err, r.fail(ctx, head.Message, d.failed))
	}
	return found, err
}

// follow carries out what was planned.
func (r *Repairer) follow(ctx context.Context, head state.Head, d decision) (result, error) {
	switch {
	case d.read:
		return r.readBack(ctx, head, toCheck)
	case d.erase:
		return r.erase(ctx, head.Message, head.Check.Revision, d)
	}
	if err := r.act(ctx, head.Message, d, finding{}); err != nil {
		return result{Open: true}, errors.Join(d.err, err)
	}
	return d.result, d.err
}

// erase erases a message. If something was heard of it meanwhile, it is not erased but due.
func (r *Repairer) erase(ctx context.Context, message msgext.Message, revision int64, d decision) (result, error) {
	erased, err := r.options.Store.Erase(ctx, message, revision)
	return result{Read: d.result.Read, Erased: erased, Open: err != nil}, err
}

// readBack reads a message and carries out what is concluded. After a drop it does so once more.
func (r *Repairer) readBack(ctx context.Context, head state.Head, why purpose) (result, error) {
	started := r.options.Now()
	var found result
	for range maxLooks {
		f, err := r.look(ctx, head.Message)
		if err != nil {
			failed := r.policy.failed(head.Check, started, r.options.Now())
			return result{Open: true}, errors.Join(err, r.fail(ctx, head.Message, failed))
		}
		f.started, f.purpose = started, why
		d := r.policy.conclude(f, r.options.Now())
		if d.exchange {
			err = r.lookExchanged(ctx, head.Message, f.record.Check.Announced)
		}
		if d.erase && err == nil {
			return r.erase(ctx, head.Message, f.record.Check.Revision, d)
		}
		switch err := r.act(ctx, head.Message, d, f); {
		case errors.Is(err, errOvertaken):
			return found.and(result{Read: true}), err
		case err != nil:
			return found.and(result{Read: true, Open: true}), errors.Join(d.err, err)
		}
		found = found.and(d.result)
		if d.drop == nil {
			return found, d.err
		}
	}
	found.Open = true
	return found, ErrAhead // others dropped something each time
}

// look loads a message and reads it from Chat. Its error is the store's.
func (r *Repairer) look(ctx context.Context, message msgext.Message) (finding, error) {
	record, err := r.options.Store.Load(ctx, message)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return finding{}, fmt.Errorf("load state: %w", err)
	}
	reading, err := r.options.Chat.Read(ctx, message)
	f := finding{record: record, read: reading.Snapshot, began: reading.Began, err: err}
	f.read.After = record.State.ReadNumber()
	f.read.Number = max(f.read.After+1, f.began.UnixMilli())
	return f, nil
}

// act carries out a decision and writes its outcome. Its error says what failed. The outcome then
// says so, too.
func (r *Repairer) act(ctx context.Context, message msgext.Message, d decision, f finding) error {
	switch err := r.carryOut(ctx, message, d, f); {
	case errors.Is(err, state.ErrOvertaken):
		return errOvertaken
	case err != nil:
		return errors.Join(err, r.fail(ctx, message, d.failed))
	case d.save == nil:
		return nil
	}
	return r.save(ctx, message, *d.save, d.failed)
}

// carryOut does what a decision asks for before its outcome is written.
func (r *Repairer) carryOut(ctx context.Context, message msgext.Message, d decision, f finding) error {
	if d.owed != nil {
		if err := r.save(ctx, message, *d.owed, *d.owed); err != nil {
			return err
		}
	}
	if d.merge {
		if err := r.options.Store.Merge(ctx, message, f.read); err != nil {
			return fmt.Errorf("merge: %w", err)
		}
	}
	if err := r.tell(ctx, message, d, f); err != nil {
		return err
	}
	if d.merge && r.options.Observe != nil {
		r.options.Observe(message, f.read, r.options.Now())
	}
	if d.drop != nil {
		if _, err := r.options.Store.Drop(ctx, message, *d.drop); err != nil {
			return fmt.Errorf("drop: %w", err)
		}
	}
	if d.sweep {
		if err := r.options.Store.Sweep(ctx, message, d.failed.Revision); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}

// tell sends every sink what is decided.
func (r *Repairer) tell(ctx context.Context, message msgext.Message, d decision, f finding) error {
	if d.tell == nothing || len(r.options.Sinks) == 0 {
		return nil
	}
	event, err := r.event(message, d, f)
	if err != nil {
		return err
	}
	var errs []error
	for _, outcome := range sink.SendAll(ctx, r.options.Sinks, event) {
		if err := outcome.Failure(); err != nil {
			errs = append(errs, fmt.Errorf("tell %w", err))
		}
	}
	return errors.Join(errs...)
}

func (r *Repairer) event(message msgext.Message, d decision, f finding) (cloudevent.Event, error) {
	now := r.options.Now()
	if d.tell == gone {
		return cloudevent.NewGone(message, cloudevent.Place{ReadNumber: f.read.Number, DecidedBefore: f.began.UnixMilli()}, now)
	}
	truth := cloudevent.Truth{
		ReadReply: f.read.Reply(),
		Place:     cloudevent.Place{ReadNumber: f.read.Number, DecidedBefore: f.began.Add(-r.policy.margin()).UnixMilli()},
	}
	if d.drop != nil {
		truth.DroppedSeq = f.record.State.Latest
	}
	return cloudevent.NewRepaired(message, truth, now)
}

// fail writes that a check failed. If it failed because the process ends, nothing is written, and
// the message stays due as it was.
func (r *Repairer) fail(ctx context.Context, message msgext.Message, failed state.Outcome) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return r.save(ctx, message, failed, failed)
}

// save writes an outcome. It is worth writing even when the check itself used up its time. If it
// cannot be written, save tries once more to write at least that the message moves behind the
// others.
func (r *Repairer) save(ctx context.Context, message msgext.Message, outcome, failed state.Outcome) error {
	if outcome.Revision == 0 {
		return nil // a message nobody has heard of
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeBudget)
	defer cancel()
	err := r.options.Store.SaveCheck(ctx, message, outcome)
	if err == nil || errors.Is(err, state.ErrNotFound) {
		return nil // a message that is not found was erased meanwhile
	}
	err = fmt.Errorf("write outcome: %w", err)
	failed.Read, failed.GaveUp = false, false
	if again := r.options.Store.SaveCheck(ctx, message, failed); again != nil {
		err = errors.Join(err, fmt.Errorf("move behind the others: %w", again))
	}
	return err
}
