package sqlstatetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// RunLocked tests that a message that somebody else has locked holds up nobody but its own writers.
// lock locks a message as a transaction of the store does, until unlock is called.
func RunLocked(t *testing.T, store state.Store, lock func(t *testing.T, m msgext.Message) (unlock func())) {
	locked := statetest.NewMessage()
	unlock := lock(t, locked)
	limited, cancelLimited := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancelLimited()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits := make(chan error, 1)
	var all sync.WaitGroup
	for writer := range 40 { // many more than transactions that run at once, so that they share some
		if writer == 20 {
			go func() { waits <- store.Apply(ctx, statetest.SetEvent(locked, 1, "v", "a"), heard, state.MarkLater) }()
		}
		all.Go(func() {
			m := statetest.NewMessage()
			for version := range int64(3) {
				assert.NoError(t, store.Apply(limited, statetest.SetEvent(m, version+1, "v", "a"), heard, state.MarkLater))
			}
		})
	}
	all.Wait()
	_, err := store.Load(t.Context(), locked)
	assert.ErrorIs(t, err, state.ErrNotFound, "it is still locked")
	cancel()
	assert.Error(t, <-waits)
	unlock()
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(locked, 1, "v", "a"), heard, state.MarkLater))
}

// RunLockTimeout tests that an event is written although its first try fails because of a lock.
// lock locks a message for a time that is longer than the store's connections wait for a lock.
func RunLockTimeout(t *testing.T, store state.Store, lock func(t *testing.T, m msgext.Message) (unlocked <-chan error)) {
	m := statetest.NewMessage()
	unlocked := lock(t, m)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow))
	require.NoError(t, <-unlocked)
}
