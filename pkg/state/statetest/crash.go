package statetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

// ErrCrash is the error that a store gets for a request that was not sent, or not answered, because
// its process crashed.
var ErrCrash = errors.New("statetest: the process is gone")

// Faults breaks a store's connection to its backend. A store's test wraps the client so that every
// request goes through Do. While no crash is planned, Do only sends the request. It is safe for
// concurrent use.
type Faults struct {
	mu       sync.Mutex
	planned  bool
	left     int  // requests until the crash
	answered bool // the request at which it crashes still takes effect
}

// Do sends one request, unless the process has crashed.
func (f *Faults) Do(send func() error) error {
	f.mu.Lock()
	crashed, last := f.planned && f.left < 0, f.planned && f.left == 0
	f.left--
	reaches := !crashed && (!last || f.answered)
	f.mu.Unlock()
	if !reaches {
		return ErrCrash
	}
	err := send()
	if last {
		return ErrCrash
	}
	return err
}

// plan makes the process crash at the request after the next n, before or after that request
// reaches the backend.
func (f *Faults) plan(n int, answered bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned, f.left, f.answered = true, n, answered
}

// heal restarts the process.
func (f *Faults) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned = false
}

// RunCrash crashes a store at every request of every method, before and after the request reaches
// the backend. Whatever was not marked as seen must then show as a gap. Repeating the call must
// lead to the same state as a call without a crash.
func RunCrash(t *testing.T, open func(*testing.T, *Faults) state.Store) {
	read := msgext.Snapshot{
		Number: start.UnixMilli(), Latest: 3, KeyValues: []msgext.KeyValue{{Key: "a", Value: "read", Seq: 3}},
		Newer: []msgext.KeyValue{{Key: "n", Value: "newer", Seq: 6}}, Ahead: 6,
	}
	revision := start.UnixMilli() + 2 // of the message after crashOnce has prepared it
	calls := []struct {
		name string
		call func(context.Context, state.Store, msgext.Message) error
	}{
		{"apply and mark", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Apply(ctx, SetEvent(m, 2, "w", "a", "b", "x", "y"), start, state.MarkNow)
		}},
		{"apply", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Apply(ctx, DeleteEvent(m, 2, "a", "b"), start, state.MarkLater)
		}},
		{"apply a clear", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Apply(ctx, ClearEvent(m, 2), start, state.MarkNow)
		}},
		{"mark", func(ctx context.Context, s state.Store, m msgext.Message) error { return s.MarkSeen(ctx, m, 2) }},
		{"doubt", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Doubt(ctx, m, start, state.FromWebhook)
		}},
		{"announce", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Announce(ctx, m, start, start)
		}},
		{"merge", func(ctx context.Context, s state.Store, m msgext.Message) error { return s.Merge(ctx, m, read) }},
		{"save a check", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.SaveCheck(ctx, m, state.Outcome{Revision: revision, Floor: 4, Due: start, SinksUpToDate: true})
		}},
		{"save a check that an event overtook", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.SaveCheck(ctx, m, state.Outcome{Revision: revision - 1, Floor: 4, Started: start.Add(time.Minute)})
		}},
		{"drop", func(ctx context.Context, s state.Store, m msgext.Message) error {
			_, err := s.Drop(ctx, m, state.Drop{Above: 1, Now: start, Due: start})
			return err
		}},
		{"sweep", func(ctx context.Context, s state.Store, m msgext.Message) error { return s.Sweep(ctx, m, revision) }},
	}
	faults := new(Faults)
	store := open(t, faults)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	erasures := map[string]func(context.Context, state.Store, msgext.Message) error{
		"forget": func(ctx context.Context, s state.Store, m msgext.Message) error { return s.Forget(ctx, m) },
		"erase": func(ctx context.Context, s state.Store, m msgext.Message) error {
			_, err := s.Erase(ctx, m, revision)
			return err
		},
	}
	for name, erase := range erasures {
		for _, answered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, answered %v", name, answered), func(t *testing.T) {
				crashed := true
				for n := 0; crashed; n++ {
					require.Less(t, n, 100, "the plan never lets the call through")
					crashed = crashErasing(t, store, faults, n, answered, erase)
				}
			})
		}
	}
	for _, test := range calls {
		for _, answered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, answered %v", test.name, answered), func(t *testing.T) {
				crashed := true
				for n := 0; crashed; n++ {
					require.Less(t, n, 100, "the plan never lets the call through")
					crashed = crashOnce(t, store, faults, n, answered, test.call)
				}
			})
		}
	}
}

// crashOnce makes a call with a planned crash, and reports whether the crash happened.
func crashOnce(t *testing.T, store state.Store, faults *Faults, n int, answered bool, call func(context.Context, state.Store, msgext.Message) error) bool {
	ctx, m := t.Context(), NewMessage()
	model := memstate.New()
	prepare(t, store, m)
	prepare(t, model, m)
	before := load(t, model, m)
	require.NoError(t, call(ctx, model, m))
	want := load(t, model, m)

	faults.plan(n, answered)
	err := call(ctx, store, m)
	faults.heal()
	if err != nil {
		require.ErrorIs(t, err, ErrCrash)
		between := load(t, store, m)
		if between.State.Contiguous() > before.State.Contiguous() {
			require.Equal(t, want.State.Reply(), between.State.Reply(), "a version counts as handled that is not all there")
		}
		if between.State.Gap() {
			assert.NotZero(t, between.Check.Due, "nobody would look")
		} else {
			assert.False(t, want.State.Gap(), "a gap is hidden")
		}
		require.NoError(t, call(ctx, store, m), "the same call again")
	}
	got := load(t, store, m)
	got.Check.Revision = want.Check.Revision // each attempt raises it
	if got.Check.Doubted != 0 && want.Check.Doubted != 0 {
		got.Check.Doubted = want.Check.Doubted
	}
	sameRecord(t, want, got, "healed")
	return err != nil
}

// prepare makes a message with a gap.
func prepare(t *testing.T, s state.Store, m msgext.Message) {
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 1, "v", "a", "b"), start, state.MarkNow))
	require.NoError(t, s.Apply(t.Context(), SetEvent(m, 4, "v", "a", "c"), start, state.MarkNow))
}

// crashErasing erases with a planned crash, and reports whether the crash happened. After a crash
// the message is either unknown or will be read. Erasing again leaves nothing.
func crashErasing(t *testing.T, store state.Store, faults *Faults, n int, answered bool, erase func(context.Context, state.Store, msgext.Message) error) bool {
	ctx, m := t.Context(), NewMessage()
	prepare(t, store, m)
	faults.plan(n, answered)
	err := erase(ctx, store, m)
	faults.heal()
	if err != nil {
		require.ErrorIs(t, err, ErrCrash)
		record, err := store.Load(ctx, m)
		if err == nil {
			assert.True(t, record.State.Gap())
			assert.NotZero(t, record.Check.Due, "nobody would look")
		} else {
			require.ErrorIs(t, err, state.ErrNotFound)
		}
		if err := store.Forget(ctx, m); err != nil {
			require.ErrorIs(t, err, state.ErrNotFound)
		}
	}
	nothingLeft(t, store, m)
	return err != nil
}
