package repair

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// Errors of a check.
var (
	// ErrNoAccess: the message has a gap, and there is no REST access to settle it.
	ErrNoAccess = errors.New("repair: gap, and no access to Chat's REST API")
	// ErrGap: the read did not close the gap, so some version is still on its way or does not exist.
	ErrGap = errors.New("repair: gap that a read did not close")
	// ErrAhead: webhooks spoke of versions that Chat does not have: forged, or another app's.
	ErrAhead = errors.New("repair: versions that Chat does not have")
)

// result is what one check came to.
type result struct {
	Gap      bool // a version was missing
	Read     bool // the truth was read back
	Repaired bool // the read changed something, or a sink was told of it
	Dropped  bool // versions that Chat does not have were dropped
	Open     bool // not settled: there is a gap still, or something failed
	Waited   time.Duration
}

// check looks at one due message and writes the outcome.
func (r *Repairer) check(ctx context.Context, head state.Head) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	gap := head.Progress.Gap()
	quiet := r.options.Now().Sub(head.Check.Heard) >= quietBeforeSweep
	switch {
	case !gap && quiet && (head.Check.Told || !r.options.ReadAll):
		return r.sweep(ctx, head)
	case !gap && !r.options.ReadAll:
		return result{}, r.settle(ctx, head, head.Progress.Contiguous(), head.Check)
	case r.options.Chat == nil && !gap:
		return result{}, r.settle(ctx, head, head.Progress.Contiguous(), head.Check)
	case r.options.Chat == nil:
		return result{Gap: true, Open: true}, errors.Join(ErrNoAccess, r.putOff(ctx, head, head.Check))
	}
	result, err := r.readBack(ctx, head, false)
	result.Gap = gap
	return result, err
}

// readBack reads the truth, merges it, and tells the sinks if it changed anything, if some sink may have
// missed a version up to it, or if told is asked for. Only then is the floor raised: until
// everybody has the truth, the message has a gap.
func (r *Repairer) readBack(ctx context.Context, head state.Head, tell bool) (result, error) {
	failed := func(err error) (result, error) {
		return result{Open: true}, errors.Join(err, r.putOff(ctx, head, head.Check))
	}
	if r.options.Chat == nil {
		return result{Open: true}, ErrNoAccess
	}
	record, err := r.options.Store.Load(ctx, head.Message)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return failed(fmt.Errorf("load state: %w", err))
	}
	read, err := r.options.Chat.Read(ctx, head.Message)
	if errors.Is(err, chatapi.ErrGone) {
		return result{Read: true}, errors.Join(err, r.settle(ctx, head, head.Progress.Contiguous(), head.Check))
	}
	if err != nil {
		return failed(fmt.Errorf("read from Chat: %w", err))
	}
	if err := r.options.Store.Merge(ctx, head.Message, read); err != nil {
		return failed(fmt.Errorf("merge: %w", err))
	}
	head.Check, head.Progress = record.Check, record.State.Progress

	d := r.decide(record.State, head.Check, read)
	if d.tell || tell {
		if err := r.tell(ctx, head.Message, read, d.dropped); err != nil {
			return failed(err)
		}
	}
	if r.options.Observe != nil {
		r.options.Observe(head.Message, read, r.options.Now())
	}
	return r.conclude(ctx, head, read, d)
}

// decision is what a read means for a message, before anything is written.
type decision struct {
	tell    bool
	ahead   bool  // webhooks spoke of versions above what Chat has
	dropped int64 // greatest of those versions, once they are to be dropped; else 0
}

func (r *Repairer) decide(before msgext.State, check state.Check, read msgext.Snapshot) decision {
	after := before.Clone()
	after.Merge(read)
	changed := !reflect.DeepEqual(before.Visible(), after.Visible())
	owed := before.Contiguous() < read.Latest
	d := decision{
		tell:  changed || owed || r.options.ReadAll && !check.Told,
		ahead: before.Latest > max(read.Latest, read.Ahead),
	}
	if d.ahead && !check.AheadSince.IsZero() && r.options.Now().Sub(check.AheadSince) >= 2*r.options.Grace {
		d.dropped, d.tell = before.Latest, true
	}
	return d
}

// tell sends the truth to every sink.
func (r *Repairer) tell(ctx context.Context, message msgext.Message, read msgext.Snapshot, dropped int64) error {
	if len(r.options.Sinks) == 0 {
		return nil
	}
	reply := read.Reply()
	reply.DroppedSeq = dropped
	event, err := cloudevent.NewRepaired(message, reply, r.options.Now())
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

// conclude writes what a read that was merged and told settles.
func (r *Repairer) conclude(ctx context.Context, head state.Head, read msgext.Snapshot, d decision) (result, error) {
	now := r.options.Now()
	result := result{Read: true, Repaired: d.tell}
	if d.dropped > 0 {
		result.Dropped = true
		err := r.options.Store.Drop(ctx, head.Message, read.Latest, now.Add(-r.options.Grace))
		return result, errors.Join(ErrAhead, err)
	}
	check := head.Check
	check.Told = true
	if !d.ahead {
		check.AheadSince = time.Time{}
	} else if check.AheadSince.IsZero() {
		check.AheadSince = now
	}
	progress := head.Progress
	progress.Seen = append([]int64(nil), progress.Seen...)
	progress.Hear(read.Ahead)
	progress.RaiseFloor(read.Latest)
	floor := progress.Contiguous()
	switch {
	case d.ahead:
		result.Open = true
		return result, errors.Join(ErrAhead, r.lookAgain(ctx, head, floor, check, check.AheadSince.Add(2*r.options.Grace)))
	case progress.Gap():
		result.Open = true
		check.Tries++
		return result, errors.Join(ErrGap, r.lookAgain(ctx, head, floor, check, now.Add(r.backoff(check.Tries))))
	}
	return result, r.settle(ctx, head, floor, check)
}
