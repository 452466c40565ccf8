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
	plenty = 20 * time.Second // for calls that must succeed; no fault ends by itself in that time
)

// Faults breaks the connection between s and its destination with each fault, while events are
// being delivered. received returns what the destination has accepted so far. Under every fault,
// Send must return once its context is done, with an error if no answer can have come. Every event
// that it reported as accepted must be at the destination. When the fault is over, the same sink
// must deliver again.
func Faults(t *testing.T, proxy *Proxy, s sink.Sink, received func() []cloudevent.Event) {
	accepted := map[string]bool{}
	version := int64(0)
	send := func(t *testing.T, within time.Duration) error {
		version++
		event := Change(t, "@TGS#1", version, "a")
		err := sendWithin(t, s, event, within)
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
				err := send(t, budget)
				t.Logf("what was seen: %v", err)
				if fault.silences {
					assert.Error(t, err, "nothing can have told that it was accepted")
				}
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

// sendWithin fails if Send continues long after its context is done.
func sendWithin(t *testing.T, s sink.Sink, event cloudevent.Event, budget time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	outcome := make(chan error, 1)
	go func() { outcome <- s.Send(ctx, event) }()
	select {
	case err := <-outcome:
		return err
	case <-time.After(budget + plenty):
		require.FailNow(t, "Send does not return although its context is done")
		return nil
	}
}
