package sinktest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/sink"
)

// Frozen holds s to what is promised of connections that were kept. They die without a word while a
// function is frozen: the first event after that is delivered within its budget, and no other finds
// out again. And they are slow, but alive: then the same ones are used. network is the way to the
// destination; pass lets time go by for the sink's clock, nil where it has none.
func Frozen(t *testing.T, network *outboundtest.Network, s sink.Sink, pass func(time.Duration)) {
	t.Helper()
	version := int64(0)
	send := func(budget time.Duration) {
		t.Helper()
		version++
		ctx, cancel := context.WithTimeout(t.Context(), budget)
		defer cancel()
		require.NoError(t, s.Send(ctx, Change(t, "@TGS#1", version, "a")))
	}
	atOnce := func() {
		t.Helper()
		var all sync.WaitGroup
		for range 3 {
			version++
			event := Change(t, "@TGS#1", version, "a")
			all.Go(func() { assert.NoError(t, s.Send(Plenty(t), event)) })
		}
		all.Wait()
	}
	network.Delay(50 * time.Millisecond) // so that those that come at once need a connection each
	atOnce()

	// No connection has died, though each answer takes long: no other is opened, and none closed.
	send(plenty)
	opened, standing := network.Opened(), network.Standing()
	network.Delay(600 * time.Millisecond)
	send(plenty)
	network.Delay(0)
	assert.Equal(t, opened, network.Opened(), "slow is not dead")
	assert.Equal(t, standing, network.Standing())

	network.Freeze()
	if pass != nil {
		pass(5 * time.Second)
	}
	send(4 * time.Second)
	swallowed := network.Swallowed()
	assert.NotZero(t, swallowed, "a connection that stood was used again")
	atOnce()
	assert.Equal(t, swallowed, network.Swallowed(), "what died with it is not tried")
}
