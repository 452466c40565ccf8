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

// Frozen checks how s handles kept connections. They break unnoticed while a function is frozen.
// The first event after that must be delivered within its budget, and the following ones must not
// run into a dead connection again. Connections that are slow but alive must still be used.
// network is the connection to the destination. pass advances the sink's clock, nil if it has none.
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
	network.Delay(50 * time.Millisecond) // so that concurrent sends need a connection each
	atOnce()

	// No connection is dead, though each answer takes long, so none is opened and none closed.
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
