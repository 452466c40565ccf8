package receiver_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// journal records the calls of the destinations, in order.
type journal struct {
	mu    sync.Mutex
	calls []string
}

func (j *journal) add(call string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = append(j.calls, call)
}

// list returns the calls so far. A delivery that was given up may still add some.
func (j *journal) list() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.calls)
}

// fakeSink records what it gets and answers as configured.
type fakeSink struct {
	name    string
	journal *journal
	send    func(context.Context) error
}

func (s *fakeSink) Name() string { return s.name }
func (s *fakeSink) Close() error { return nil }

func (s *fakeSink) Send(ctx context.Context, event cloudevent.Event) error {
	s.journal.add(s.name + " " + event.Type())
	if s.send == nil {
		return nil
	}
	return s.send(ctx)
}

// fakeStore accepts Apply and MarkSeen. A receiver must call nothing else.
type fakeStore struct {
	state.Store
	journal         *journal
	apply, markSeen func(context.Context) error
}

func (s *fakeStore) Apply(ctx context.Context, _ msgext.Event, _ time.Time, mark state.Mark) error {
	if mark == state.MarkNow {
		s.journal.add("apply seen")
	} else {
		s.journal.add("apply")
	}
	if s.apply == nil {
		return nil
	}
	return s.apply(ctx)
}

func (s *fakeStore) MarkSeen(ctx context.Context, _ msgext.Message, _ int64) error {
	s.journal.add("mark seen")
	if s.markSeen == nil {
		return nil
	}
	return s.markSeen(ctx)
}

func fails(context.Context) error  { return errors.New("refused") }
func panics(context.Context) error { panic("planted-value") }

func waits(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
