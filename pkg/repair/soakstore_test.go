package repair_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

var errStoreDown = errors.New("the store is down")

// soakPage is how many heads the store gives at once: so few that a page may have none that is due,
// because the index lags.
const soakPage = 3

type soakRunKey struct{}

// soakRun is one run of a repairer.
type soakRun struct {
	began time.Time // by the clock of the test
	clock time.Time // by that of the repairer
	saved map[msgext.Message][]state.Outcome

	crooked bool // which of the two repairers it is

	skew func() time.Duration // of the repairer's clock now
}

// setBack reports whether the repairer's clock was set back since the run began. Due times then
// come from the new clock, and may lie before the cutoff that came from the old one. The run knows
// which messages it has visited, and checks none of them twice all the same.
func (r *soakRun) setBack() bool { return r.skew() < r.clock.Sub(r.began) }

// by says whose call it is, for what is keyed by that.
func (r *soakRun) by() string {
	switch {
	case r == nil:
		return "others"
	case r.crooked:
		return "crooked"
	}
	return "straight"
}

// window is a time in which something does not work.
type window struct{ from, to time.Time }

func (w window) has(at time.Time) bool { return !at.Before(w.from) && at.Before(w.to) }

// soakStore is a store that is down at times, and holds what repair writes to what was promised:
//
//   - no message that shows a gap shows it for longer than allowed;
//   - no outcome is due again in the run that wrote it, and none is written twice in a run;
//   - what soakVisits says.
type soakStore struct {
	state.Store
	*chance
	t      *testing.T
	down   []window
	visits *soakVisits

	// trouble, if set, fails a call about a message, or panics.
	trouble func(ctx context.Context, call string, message msgext.Message) error

	// allowed says how long a gap of a message may last that showed at a time, by now; usual is that
	// time when nothing is wrong.
	allowed func(message msgext.Message, since, now time.Time) time.Duration
	usual   time.Duration

	// judgeShown judges what is shown of a message, and reports whether the world has it.
	judgeShown func(message msgext.Message, record state.Record) bool

	beforeErase, judgeErased func(message msgext.Message)

	mu      sync.Mutex
	open    map[msgext.Message]time.Time // since when a message has shown a gap
	late    map[msgext.Message]bool      // complained of
	longest time.Duration                // of any gap outside outages

	complaints atomic.Int64
}

// complain fails the test. What is wrong in one run is wrong in thousands, so that only the first
// few are said.
func (s *soakStore) complain(what, format string, about ...any) {
	if s.complaints.Add(1) <= 10 {
		assert.Failf(s.t, what, format, about...)
	}
}

func beginSoakRun(skew func() time.Duration, crooked bool) *soakRun {
	return &soakRun{
		crooked: crooked, skew: skew, began: time.Now(), clock: time.Now().Add(skew()), saved: make(map[msgext.Message][]state.Outcome),
	}
}

func (s *soakStore) isDown(at time.Time) bool {
	for _, w := range s.down {
		if w.has(at) {
			return true
		}
	}
	return false
}

// wasDown reports whether the store was down at any time of a run that began at a time and has
// ended now.
func (s *soakStore) wasDown(began time.Time) bool {
	for _, w := range s.down {
		if !w.from.After(time.Now()) && w.to.After(began) {
			return true
		}
	}
	return false
}

// fails reports how a call fails, once it has arrived. A call about no message has an empty one.
func (s *soakStore) fails(ctx context.Context, call string, message msgext.Message) error {
	run, _ := ctx.Value(soakRunKey{}).(*soakRun)
	s.tick(call, message.Path(), run.by())
	if s.isDown(time.Now()) {
		return errStoreDown
	}
	if s.trouble != nil {
		if err := s.trouble(ctx, call, message); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// hear notes in a request what became of it.
func (s *soakStore) hear(ctx context.Context, err error) error {
	if became, ok := ctx.Value(soakRequestKey{}).(*soakRequest); ok {
		became.taken, became.failed = err == nil, err != nil
	}
	return err
}

// look notes whether the message shows a gap.
func (s *soakStore) look(message msgext.Message) {
	record, err := s.Store.Load(context.Background(), message)
	if err == nil && !s.judgeShown(message, record) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	since, was := s.open[message]
	is := err == nil && record.State.Gap() && !record.Check.Gone && !record.Check.GaveUp
	switch {
	case is && !was:
		s.open[message] = time.Now()
	case !is && was:
		s.judge(message, since)
		delete(s.open, message)
	}
}

// judge complains of a gap that has lasted too long. The caller holds the lock.
func (s *soakStore) judge(message msgext.Message, since time.Time) {
	now := time.Now()
	lasted, allowed := now.Sub(since), s.allowed(message, since, now)
	if allowed == s.usual {
		s.longest = max(s.longest, lasted)
	}
	if lasted > allowed && !s.late[message] {
		s.late[message] = true
		s.complain("a gap lasted too long", "%s: %s, at most %s allowed, since %s", message.Path(), lasted, allowed, since)
	}
}

// judgeAll judges all gaps that are open.
func (s *soakStore) judgeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for message, since := range s.open {
		s.judge(message, since)
	}
}

func (s *soakStore) Apply(ctx context.Context, event msgext.Event, heard time.Time, mark state.Mark) error {
	if err := s.fails(ctx, "Apply", event.Message); err != nil {
		return s.hear(ctx, err)
	}
	defer s.look(event.Message)
	return s.hear(ctx, s.Store.Apply(ctx, event, heard, mark))
}

func (s *soakStore) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	if err := s.fails(ctx, "MarkSeen", message); err != nil {
		return err
	}
	defer s.look(message)
	return s.Store.MarkSeen(ctx, message, version)
}

func (s *soakStore) Doubt(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error {
	if err := s.fails(ctx, "Doubt", message); err != nil {
		return s.hear(ctx, err)
	}
	defer s.look(message)
	return s.hear(ctx, s.Store.Doubt(ctx, message, at, source))
}

func (s *soakStore) Announce(ctx context.Context, message msgext.Message, at, due time.Time) error {
	if err := s.fails(ctx, "Announce", message); err != nil {
		return err
	}
	return s.Store.Announce(ctx, message, at, due)
}

func (s *soakStore) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	if err := s.fails(ctx, "Load", message); err != nil {
		return state.Record{}, err
	}
	if s.visits.load(ctx, message) {
		s.complain("a message that its run visits again", "%s", message.Path())
	}
	return s.Store.Load(ctx, message)
}

func (s *soakStore) Due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	if err := s.fails(ctx, "Due", msgext.Message{}); err != nil {
		return state.Page{}, err
	}
	return s.Store.Due(ctx, lane, before, after, min(limit, soakPage))
}

func (s *soakStore) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	if err := s.fails(ctx, "Merge", message); err != nil {
		return err
	}
	defer s.look(message)
	err := s.Store.Merge(ctx, message, read)
	if err == nil && s.visits.merge(ctx, message, read.Number) {
		s.complain("two reads of one message overlap", "%s: %d after %d", message.Path(), read.Number, read.After)
	}
	return err
}

func (s *soakStore) Drop(ctx context.Context, message msgext.Message, drop state.Drop) (bool, error) {
	if err := s.fails(ctx, "Drop", message); err != nil {
		return false, err
	}
	defer s.look(message)
	return s.Store.Drop(ctx, message, drop)
}

func (s *soakStore) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	if err := s.fails(ctx, "Sweep", message); err != nil {
		return err
	}
	return s.Store.Sweep(ctx, message, revision)
}

func (s *soakStore) Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error) {
	if err := s.fails(ctx, "Erase", message); err != nil {
		return false, err
	}
	defer s.look(message)
	s.beforeErase(message)
	erased, err := s.Store.Erase(ctx, message, revision)
	if erased {
		s.judgeErased(message)
	}
	return erased, err
}

func (s *soakStore) SaveCheck(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	s.visits.end(ctx, message)
	if err := s.fails(ctx, "SaveCheck", message); err != nil {
		return err
	}
	defer s.look(message)
	if run, ok := ctx.Value(soakRunKey{}).(*soakRun); ok {
		s.mu.Lock()
		run.saved[message] = append(run.saved[message], outcome)
		twice := len(run.saved[message]) > 1 && !(len(run.saved[message]) == 2 && isOwed(run.saved[message][0]))
		s.mu.Unlock()
		again := !outcome.Due.IsZero() && !outcome.Due.After(run.clock.Add(-grace)) && !run.setBack()
		if twice || again {
			s.complain("an outcome that its own run meets again", "%s: run began %s: %+v", message.Path(), run.began, run.saved[message])
		}
	}
	return s.Store.SaveCheck(ctx, message, outcome)
}

// isOwed reports whether an outcome may be one that says, before a merge, that the sinks are to be
// told. The check's own outcome follows.
func isOwed(o state.Outcome) bool { return !o.SinksUpToDate && !o.Read && !o.Settles && o.Tries > 0 }
