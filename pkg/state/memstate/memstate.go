// Package memstate keeps the state of messages in memory, for tests and first looks. Nothing
// outlives the process.
//
// It is for tests, and for programs that need no store that lasts. Its API is v0: it may change
// with any release.
package memstate

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Store is a state.Store in memory. It is safe for concurrent use.
type Store struct {
	mu      sync.Mutex
	records map[msgext.Message]*state.Record
}

var _ state.Store = (*Store)(nil)

// New returns an empty Store.
func New() *Store { return &Store{records: make(map[msgext.Message]*state.Record)} }

// Apply implements state.Store.
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, seen bool) error {
	return s.change(ctx, event.Message, func(r *state.Record) {
		r.State.Apply(event)
		if seen {
			r.State.MarkSeen(event.Version())
		}
		heard = toMillisecond(heard)
		r.Check.Revision++
		r.Check.Tries, r.Check.Told = 0, false
		if r.Check.Heard.Before(heard) {
			r.Check.Heard = heard
		}
		if r.Check.Due.IsZero() || heard.Before(r.Check.Due) {
			r.Check.Due = heard
		}
	})
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	return s.change(ctx, message, func(r *state.Record) { r.State.MarkSeen(version) })
}

// Merge implements state.Store.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	return s.change(ctx, message, func(r *state.Record) { r.State.Merge(read) })
}

// Load implements state.Store.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	if err := ctx.Err(); err != nil {
		return state.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[message]
	if !ok {
		return state.Record{}, state.ErrNotFound
	}
	return state.Record{State: r.State.Clone(), Check: r.Check}, nil
}

// Due implements state.Store.
func (s *Store) Due(ctx context.Context, before time.Time, limit int) ([]state.Head, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var heads []state.Head
	for message, r := range s.records {
		if !r.Check.Due.IsZero() && !r.Check.Due.After(before) {
			progress := r.State.Progress
			progress.Seen = slices.Clone(progress.Seen)
			heads = append(heads, state.Head{Message: message, Progress: progress, Check: r.Check})
		}
	}
	slices.SortFunc(heads, func(a, b state.Head) int {
		return cmp.Or(a.Check.Due.Compare(b.Check.Due), cmp.Compare(a.Message.Path(), b.Message.Path()))
	})
	return heads[:min(limit, len(heads))], nil
}

// Checked implements state.Store.
func (s *Store) Checked(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	return s.changeKnown(ctx, message, func(r *state.Record) {
		r.State.RaiseFloor(outcome.Floor)
		if r.Check.Revision == outcome.Check.Revision {
			heard := r.Check.Heard
			r.Check = outcome.Check
			r.Check.Heard = heard
			r.Check.Due = toMillisecond(r.Check.Due)
			r.Check.AheadSince = toMillisecond(r.Check.AheadSince)
		}
	})
}

// Drop implements state.Store.
func (s *Store) Drop(ctx context.Context, message msgext.Message, version int64, due time.Time) error {
	return s.changeKnown(ctx, message, func(r *state.Record) {
		r.State.Drop(version)
		r.Check.Revision++
		r.Check.Due = toMillisecond(due)
		r.Check.AheadSince = time.Time{}
	})
}

// Sweep implements state.Store.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	return s.changeKnown(ctx, message, func(r *state.Record) {
		if r.Check.Revision == revision {
			r.State.Sweep()
		}
	})
}

// Forget implements state.Store.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	return s.locked(ctx, func() error {
		delete(s.records, message)
		return nil
	})
}

// Close implements state.Store.
func (s *Store) Close() error { return nil }

func (s *Store) change(ctx context.Context, message msgext.Message, change func(*state.Record)) error {
	return s.locked(ctx, func() error {
		if s.records[message] == nil {
			s.records[message] = new(state.Record)
		}
		change(s.records[message])
		return nil
	})
}

func (s *Store) changeKnown(ctx context.Context, message msgext.Message, change func(*state.Record)) error {
	return s.locked(ctx, func() error {
		if s.records[message] == nil {
			return state.ErrNotFound
		}
		change(s.records[message])
		return nil
	})
}

func (s *Store) locked(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

// toMillisecond is the precision that every store keeps; the zero time stays zero.
func toMillisecond(t time.Time) time.Time { return state.Moment(state.Milliseconds(t)) }
