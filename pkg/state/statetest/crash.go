package statetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

// ErrCrash is what a store gets to see of a request that its process did not live to send, or did not
// live to see answered.
var ErrCrash = errors.New("statetest: the process is gone")

// Faults breaks a store's connection to its backend. A store's test wraps the client so that every
// request goes through Do; while no crash is planned, Do only sends. It is safe for concurrent use.
type Faults struct {
	mu       sync.Mutex
	planned  bool
	left     int  // requests until the crash
	answered bool // the request at which it crashes still reaches the backend
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

// plan crashes the process at the request after the next n, before or after it reaches the backend.
func (f *Faults) plan(n int, answered bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned, f.left, f.answered = true, n, answered
}

// heal starts the process again.
func (f *Faults) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned = false
}

// RunCrash crashes a store at every request of every method, before and after the request
// reaches the backend. What was not marked as seen must then show as a gap, and making the same call
// again must end in the state that it would have made at once.
func RunCrash(t *testing.T, open func(*testing.T, *Faults) state.Store) {
	read := msgext.Snapshot{Latest: 3, KeyValues: []msgext.KeyValue{{Key: "a", Value: "read", Seq: 3}}, Newer: []msgext.KeyValue{{Key: "n", Value: "newer", Seq: 6}}, Ahead: 6}
	calls := []struct {
		name string
		call func(context.Context, state.Store, msgext.Message) error
	}{
		{"apply and mark", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Apply(ctx, SetEvent(m, 2, "w", "a", "b", "x", "y"), start, true)
		}},
		{"apply", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Apply(ctx, DeleteEvent(m, 2, "a", "b"), start, false)
		}},
		{"apply a clear", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Apply(ctx, ClearEvent(m, 2), start, true)
		}},
		{"mark", func(ctx context.Context, s state.Store, m msgext.Message) error { return s.MarkSeen(ctx, m, 2) }},
		{"merge", func(ctx context.Context, s state.Store, m msgext.Message) error { return s.Merge(ctx, m, read) }},
		{"checked", func(ctx context.Context, s state.Store, m msgext.Message) error {
			return s.Checked(ctx, m, state.Outcome{Floor: 4, Check: state.Check{Revision: 2, Due: start, Told: true}})
		}},
		{"drop", func(ctx context.Context, s state.Store, m msgext.Message) error { return s.Drop(ctx, m, 1, start) }},
		{"sweep", func(ctx context.Context, s state.Store, m msgext.Message) error { return s.Sweep(ctx, m, 2) }},
	}
	faults := new(Faults)
	store := open(t, faults)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
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

// crashOnce reports whether the call came to the planned crash.
func crashOnce(t *testing.T, store state.Store, faults *Faults, n int, answered bool, call func(context.Context, state.Store, msgext.Message) error) bool {
	ctx, m := t.Context(), NewMessage()
	model := memstate.New()
	for _, s := range []state.Store{store, model} {
		require.NoError(t, s.Apply(ctx, SetEvent(m, 1, "v", "a", "b"), start, true))
		require.NoError(t, s.Apply(ctx, SetEvent(m, 4, "v", "a", "c"), start, true))
	}
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
	got.Check.Revision = want.Check.Revision // counts attempts
	sameRecord(t, want, got, "healed")
	return err != nil
}
