package sqlstatetest

import (
	"context"
	"errors"
	neturl "net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// Server is a database with the schema, behind a network that can fail.
type Server struct {
	URL string
	// Open opens the store; now is its wall clock.
	Open func(url secret.String, now func() time.Time) (state.Store, error)
	// End ends the store's connections.
	End func(t *testing.T)
}

// RunNetwork tests that dead connections cost one ping, that closed connections cost another try,
// and that slow connections cost nothing.
func RunNetwork(t *testing.T, open func(t *testing.T) Server) {
	for name, test := range map[string]func(*testing.T, Server){
		"dead connections": testDead, "dead connections at once": testDeadAtOnce, "a slow server": testSlow, "ended connections": testEnded,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// behind is a store behind a network that can fail. It has a number of open connections and a wall
// clock of its own.
type behind struct {
	state.Store
	*outboundtest.Network
	ahead   atomic.Int64
	stopped atomic.Pointer[time.Time] // the clock stands still at this time, nil if it goes on
}

func (b *behind) now() time.Time {
	if at := b.stopped.Load(); at != nil {
		return *at
	}
	return time.Now().Add(time.Duration(b.ahead.Load()))
}

const kept = 8

func newBehind(t *testing.T, s Server) *behind {
	t.Helper()
	at, err := neturl.Parse(s.URL)
	require.NoError(t, err)
	b := &behind{Network: outboundtest.NewNetwork(t, at.Host)}
	at.Host = b.Addr().String()
	b.Store, err = s.Open(secret.String(at.String()), b.now)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Store.Close()) })
	// So that each of the concurrent calls needs a connection of its own.
	b.Delay(20 * time.Millisecond)
	require.NoError(t, b.together(t, time.Minute))
	require.GreaterOrEqual(t, b.Opened(), int64(kept))
	b.Delay(0)
	return b
}

// together makes several calls at once, each of which must end within limit. They are reads,
// because writes share transactions, and two writes.
func (b *behind) together(t *testing.T, limit time.Duration) (err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	call := func(call func(*testing.T, msgext.Message, time.Duration) error) {
		all.Go(func() {
			if failed := call(t, statetest.NewMessage(), limit); failed != nil {
				mu.Lock()
				defer mu.Unlock()
				err = failed
			}
		})
	}
	for range kept {
		call(b.load)
	}
	for range 2 {
		call(func(t *testing.T, m msgext.Message, limit time.Duration) error { return b.apply(t, m, 1, limit) })
	}
	all.Wait()
	return err
}

func (b *behind) load(t *testing.T, m msgext.Message, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	_, err := b.Load(ctx, m)
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	return err
}

func (b *behind) apply(t *testing.T, m msgext.Message, version int64, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return b.Apply(ctx, statetest.SetEvent(m, version, "v", "a"), heard, state.MarkNow)
}

// bound is what the first webhook after a freeze may take in a test: three times the promised 600
// ms, because a busy machine may hold a test up.
const bound = 3 * 600 * time.Millisecond

// A sandbox that was frozen comes back with connections that died without notice. However many
// there are, the first webhook closes all of them after one ping, and is answered within 600 ms.
func testDead(t *testing.T, s Server) {
	b := newBehind(t, s)
	opened := b.Opened()
	b.Freeze()
	b.ahead.Add(int64(time.Hour))
	m := statetest.NewMessage()
	require.NoError(t, b.apply(t, m, 1, bound))
	assert.EqualValues(t, 1, b.Swallowed(), "one ping, and nothing else, was sent to the dead")
	assert.LessOrEqual(t, b.Opened(), opened+2, "one for the event, and one by which its client may cancel the ping")
	require.NoError(t, b.together(t, time.Minute))
	assert.EqualValues(t, 1, b.Swallowed(), "none of the others is tried")

	// A busy machine may hold up the answer to any ping, so one of several must come in time.
	keeps := false
	for version := int64(2); version <= 6 && !keeps; version++ {
		opened = b.Opened()
		b.ahead.Add(int64(2 * time.Second))
		require.NoError(t, b.apply(t, m, version, time.Minute))
		record, err := b.Load(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, version, record.State.Contiguous())
		keeps = b.Opened() == opened
	}
	assert.True(t, keeps, "an idle connection that answers is kept")
}

// Several concurrent calls close the dead connections together.
func testDeadAtOnce(t *testing.T, s Server) {
	b := newBehind(t, s)
	b.Freeze()
	b.ahead.Add(int64(time.Minute))
	require.NoError(t, b.together(t, bound))
}

// A server that answers late is slow, not dead. The connections on which it answered are kept,
// whether in use or not.
func testSlow(t *testing.T, s Server) {
	b := newBehind(t, s)
	now := b.now()
	b.stopped.Store(&now) // so that no connection counts as idle on a busy machine
	opened, standing := b.Opened(), b.Standing()
	b.Delay(500 * time.Millisecond)
	for range 3 {
		require.NoError(t, b.together(t, time.Minute))
	}
	assert.Equal(t, opened, b.Opened())
	assert.Equal(t, standing, b.Standing())
}

// A server that closes its connections, as one does that restarts, costs each call another try, and
// no call fails. A call has three times its usual budget, for a busy machine.
func testEnded(t *testing.T, s Server) {
	const budget = 3 * 1500 * time.Millisecond
	b := newBehind(t, s)
	m := statetest.NewMessage()
	for version := int64(1); version <= 5; version++ {
		s.End(t)
		require.NoError(t, b.apply(t, m, version, budget))
		s.End(t)
		record, err := b.Load(t.Context(), m)
		require.NoError(t, err)
		assert.EqualValues(t, version, record.State.Contiguous())
		require.NoError(t, b.together(t, budget))
	}
}
