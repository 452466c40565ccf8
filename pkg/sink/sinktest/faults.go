package sinktest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

const (
	budget = 400 * time.Millisecond
	plenty = 20 * time.Second
)

// Faults strikes the way between s and its destination with each fault, in the midst of
// deliveries. received returns what the destination has taken so far.
func Faults(t *testing.T, proxy *Proxy, s sink.Sink, received func() []cloudevent.Event) {
	accepted := map[string]bool{}
	version := int64(0)
	send := func(t *testing.T, within time.Duration) error {
		version++
		event := Change(t, "@TGS#1", version, "a")
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		err := s.Send(ctx, event)
		if err == nil {
			accepted[event.ID()] = true
		}
		return err
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			require.NoError(t, send(t, plenty))
			proxy.strike(t, fault)
			for range 2 {
				err := send(t, budget) // either way, but it must return
				t.Logf("what was seen: %v", err)
			}
			proxy.heal()
			require.NoError(t, send(t, plenty), "it recovers by itself")
		})
	}
	for _, event := range received() {
		delete(accepted, event.ID())
	}
	assert.Empty(t, accepted, "accepted, and not at the destination")
}
