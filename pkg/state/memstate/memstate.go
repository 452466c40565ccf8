// Package memstate keeps the state of messages in memory, for tests and for trying things out. The
// state is lost when the process ends.
//
// It is for tests, and for programs that need no durable store. Its API is v0: it may change with
// any release.
package memstate

import (
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
	records map[msgext.Message]*record
	index   index
	counts  [state.Stuck + 1]int // messages of each standing
}

// record is a message and its state.
type record struct {
	state.Record
	message msgext.Message
	path    string
}

func (r *record) head() state.Head {
	progress := r.State.Progress
	progress.Seen = slices.Clone(progress.Seen)
	return state.Head{Message: r.message, Progress: progress, Check: r.Check}
}

var _ state.Store = (*Store)(nil)

// New returns an empty Store.
func New() *Store { return &Store{records: make(map[msgext.Message]*record)} }

// NewLagging returns an empty Store whose index of due messages lags by a given time on a given
// clock, like a database whose indexes follow its tables.
func NewLagging(lag time.Duration, now func() time.Time) *Store {
	s := New()
	s.index.lag, s.index.now = lag, now
	return s
}

// Apply implements state.Store.
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, mark state.Mark) error {
	return s.change(ctx, event.Message, func(r *state.Record) { r.Apply(event, heard, mark) })
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	return s.change(ctx, message, func(r *state.Record) { r.MarkSeen(version) })
}

// Doubt implements state.Store.
func (s *Store) Doubt(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error {
	return s.change(ctx, message, func(r *state.Record) { r.Doubt(at, source) })
}

// Announce implements state.Store.
func (s *Store) Announce(ctx context.Context, message msgext.Message, at, due time.Time) error {
	return s.change(ctx, message, func(r *state.Record) { r.Announce(at, due) })
}

// Merge implements state.Store.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	merged := false
	err := s.change(ctx, message, func(r *state.Record) { merged = r.Merge(read) })
	if err == nil && !merged {
		err = state.ErrOvertaken
	}
	return err
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
	return r.Clone(), nil
}

// SaveCheck implements state.Store.
func (s *Store) SaveCheck(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	return s.changeKnown(ctx, message, func(r *state.Record) { r.SaveCheck(outcome) })
}

// Drop implements state.Store.
func (s *Store) Drop(ctx context.Context, message msgext.Message, drop state.Drop) (bool, error) {
	dropped := false
	err := s.changeKnown(ctx, message, func(r *state.Record) { dropped = r.Drop(drop) })
	return dropped, err
}

// Sweep implements state.Store.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	return s.changeKnown(ctx, message, func(r *state.Record) { r.Sweep(revision) })
}

// Erase implements state.Store.
func (s *Store) Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error) {
	erased := false
	err := s.change(ctx, message, func(r *state.Record) {
		if erased = r.Check.Revision != 0 && r.MayErase(revision); erased {
			*r = state.Record{}
		}
	})
	return erased, err
}

// Forget implements state.Store.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	return s.changeKnown(ctx, message, func(r *state.Record) { *r = state.Record{} })
}

// Close implements state.Store.
func (s *Store) Close() error { return nil }

// change changes a message's record, and its places in the index and the counts. A record without a
// revision belongs to an unknown message and is not kept.
func (s *Store) change(ctx context.Context, message msgext.Message, change func(*state.Record)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[message]
	if r == nil {
		r = &record{message: message, path: message.Path()}
	} else {
		s.counts[r.Check.Standing()]--
	}
	before := r.Check
	change(&r.Record)
	s.index.move(r, before, r.Check)
	if r.Check.Revision == 0 {
		delete(s.records, message)
		return nil
	}
	s.records[message] = r
	s.counts[r.Check.Standing()]++
	return nil
}

func (s *Store) changeKnown(ctx context.Context, message msgext.Message, change func(*state.Record)) error {
	known := false
	err := s.change(ctx, message, func(r *state.Record) {
		if known = r.Check.Revision != 0; known {
			change(r)
		}
	})
	if err == nil && !known {
		err = state.ErrNotFound
	}
	return err
}
