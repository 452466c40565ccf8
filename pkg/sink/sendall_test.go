package sink_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/internal/outbound"
	"msgext/pkg/cloudevent"
	"msgext/pkg/sink"
)

// fakeSink answers as configured.
type fakeSink struct {
	name string
	send func(context.Context) error
}

func (s fakeSink) Name() string { return s.name }
func (fakeSink) Close() error   { return nil }
func (s fakeSink) Send(ctx context.Context, _ cloudevent.Event) error {
	return s.send(ctx)
}

// A destination that fails, panics, waits or ignores its context does not affect the others. Each
// has its own outcome.
func TestSendAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		refused := errors.New("refused")
		after := func(d time.Duration, err error) func(context.Context) error {
			return func(context.Context) error { time.Sleep(d); return err }
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		outcomes := sink.SendAll(ctx, []sink.Sink{
			fakeSink{"slow", after(300*time.Millisecond, nil)},
			fakeSink{"failing", after(100*time.Millisecond, refused)},
			fakeSink{"panicking", func(context.Context) error { panic("planted-value") }},
			fakeSink{"waiting", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			fakeSink{"deaf", func(context.Context) error { <-end; return nil }},
		}, cloudevent.Event{})

		assert.Equal(t, time.Second, time.Since(started), "side by side")
		wants := []struct {
			name string
			err  error
			took time.Duration
		}{
			{"slow", nil, 300 * time.Millisecond}, {"failing", refused, 100 * time.Millisecond}, {"panicking", nil, 0},
			{"waiting", context.DeadlineExceeded, time.Second}, {"deaf", context.DeadlineExceeded, time.Second},
		}
		for i, want := range wants {
			got := outcomes[i]
			assert.Equal(t, want.name, got.Name)
			assert.Equal(t, want.took, got.Took, want.name)
			if want.name != "panicking" {
				assert.ErrorIs(t, got.Err, want.err, want.name)
			}
		}
		assert.NoError(t, outcomes[0].Failure())
		assert.EqualError(t, outcomes[1].Failure(), "failing: refused")
		assert.EqualError(t, outcomes[2].Failure(), "panicking: panic")
	})
}

func TestSendAll_WithoutSinks(t *testing.T) {
	assert.Empty(t, sink.SendAll(t.Context(), nil, cloudevent.Event{}))
}

// Tries counts the tries of the loop that every driver uses. A driver without that loop makes one
// try. A sink that was never called has none.
func TestAttempt_CountsTries(t *testing.T) {
	refused := errors.New("refused")
	loop := func(succeedAt int) func(context.Context) error {
		return func(ctx context.Context) error {
			tried := 0
			return outbound.Policy{Tries: 4}.Do(ctx, func(context.Context) error {
				if tried++; tried == succeedAt {
					return nil
				}
				return outbound.Again(refused, 0)
			})
		}
	}
	assert.Equal(t, 1, sink.Attempt(t.Context(), "once", func(context.Context) error { return refused }).Tries)
	assert.Equal(t, 1, sink.Attempt(t.Context(), "at once", loop(1)).Tries)
	assert.Equal(t, 3, sink.Attempt(t.Context(), "third", loop(3)).Tries)
	assert.Equal(t, 4, sink.Attempt(t.Context(), "never", loop(9)).Tries)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, 0, sink.Attempt(ctx, "too late", loop(1)).Tries)
}
