package chatsim_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

// clock is a simulated clock that a Player's Wait sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(_ context.Context, until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = until
	return nil
}

// app does the least that an app must do: authenticate, decode, apply.
type app struct {
	t      *testing.T
	clock  *clock
	mu     sync.Mutex
	states map[msgext.Message]*msgext.State
}

func (a *app) Send(_ context.Context, d chatsim.Delivery) error {
	query, err := webhook.ParseQuery(d.RawQuery)
	assert.NoError(a.t, err)
	verifier := webhook.Verifier{SDKAppID: "1400000000", Tokens: tokens("xxxxyyyy"), MaxSkew: time.Second}
	assert.NoError(a.t, verifier.Verify(query, a.clock.Now()), "signed at the moment of sending")
	event, err := msgext.Decode(query.SDKAppID, query.Command, d.Body)
	assert.NoError(a.t, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	state, ok := a.states[event.Message]
	if !ok {
		state = new(msgext.State)
		a.states[event.Message] = state
	}
	state.Apply(event)
	state.MarkSeen(event.Version())
	return nil
}

func newApp(t *testing.T) (*chatsim.Sim, *app) {
	clock := &clock{now: start}
	sim := chatsim.New(chatsim.Options{SDKAppID: "1400000000", Token: "xxxxyyyy", Now: clock.Now})
	return sim, &app{t: t, clock: clock, states: make(map[msgext.Message]*msgext.State)}
}

func TestPlay_WithoutLossesTheWebhooksTellTheTruth(t *testing.T) {
	for name, faults := range map[string]chatsim.Faults{
		"no faults":             {},
		"everything but losses": {Seed: 1, Duplicate: 0.2, Reorder: 0.2, Delay: 0.2, TimeOut: 0.2, Burst: 0.02, NewerSeq: 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			sim, app := newApp(t)
			plan := sim.Plan(workload, faults)
			report, err := sim.Play(t.Context(), plan, chatsim.Player{Send: app.Send, Wait: app.clock.Wait})
			require.NoError(t, err)
			assert.Equal(t, chatsim.Report{Counts: plan.Counts, Delivered: plan.Counts.Sent}, report)
			require.Len(t, sim.Messages(), 20)
			for _, message := range sim.Messages() {
				assert.False(t, app.states[message].Gap(), message)
				assert.Equal(t, sim.Truth(message), app.states[message].Reply(), message)
			}
			assert.Equal(t, plan.Steps[len(plan.Steps)-1].At, app.clock.Now())
		})
	}
}

func TestPlay_LossesThatALaterVersionRevealsShowAsGaps(t *testing.T) {
	sim, app := newApp(t)
	report, err := sim.Play(t.Context(), sim.Plan(workload, chatsim.Faults{Drop: 0.05, KeepLast: true}), chatsim.Player{Send: app.Send, Wait: app.clock.Wait})
	require.NoError(t, err)
	assert.NotZero(t, report.Dropped)
	gaps := 0
	for _, message := range sim.Messages() {
		if app.states[message].Gap() {
			gaps++
			continue
		}
		assert.Equal(t, sim.Truth(message), app.states[message].Reply(), message)
	}
	assert.NotZero(t, gaps)
}

func TestPlay_GoesOn(t *testing.T) {
	sim, app := newApp(t)
	for seed := range uint64(3) {
		plan := sim.Plan(chatsim.Workload{Seed: seed, Changes: 50}, chatsim.Faults{})
		_, err := sim.Play(t.Context(), plan, chatsim.Player{Send: app.Send, Wait: app.clock.Wait})
		require.NoError(t, err)
	}
	for _, message := range sim.Messages() {
		assert.Equal(t, sim.Truth(message), app.states[message].Reply(), message)
	}
}

func TestPlay_FailuresAreCountedAndIgnored(t *testing.T) {
	failure := errors.New("down")
	sim, app := newApp(t)
	var sent atomic.Int64
	report, err := sim.Play(t.Context(), sim.Plan(workload, chatsim.Faults{}), chatsim.Player{Send: func(ctx context.Context, d chatsim.Delivery) error {
		if sent.Add(1)%10 == 0 {
			return failure
		}
		return app.Send(ctx, d)
	}})
	require.NoError(t, err)
	assert.Equal(t, 200, report.Failed)
	assert.Equal(t, 1800, report.Delivered)
	assert.Zero(t, report.TimeOuts)
	assert.ErrorIs(t, report.FirstFailure, failure)
}

func TestPlay_RetriesTimeOutsOnly(t *testing.T) {
	play := func(retries int) chatsim.Report {
		sim, app := newApp(t)
		attempts := make(map[version]int)
		report, err := sim.Play(t.Context(), sim.Plan(chatsim.Workload{Start: start}, chatsim.Faults{}), chatsim.Player{Concurrency: 1, Retries: retries,
			Send: func(ctx context.Context, d chatsim.Delivery) error {
				v := version{d.Message, d.Version}
				attempts[v]++
				assert.Equal(t, attempts[v], d.Attempt)
				if d.Version%2 == 0 && d.Attempt < 3 {
					return chatsim.ErrTimeout
				}
				return app.Send(ctx, d)
			}})
		require.NoError(t, err)
		return report
	}
	never, twice := play(0), play(2)
	assert.NotZero(t, never.Failed)
	assert.Equal(t, never.Failed, never.TimeOuts)
	assert.ErrorIs(t, never.FirstFailure, chatsim.ErrTimeout)
	assert.Equal(t, 100, twice.Delivered)
	assert.Zero(t, twice.Failed)
	assert.Equal(t, 2*never.Failed, twice.Resent)
	assert.Equal(t, twice.Resent, twice.TimeOuts)
}

func TestPlay_BoundsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, _ := newApp(t)
		var now, most atomic.Int64
		_, err := sim.Play(t.Context(), sim.Plan(workload, chatsim.Faults{}), chatsim.Player{Concurrency: 5,
			Send: func(context.Context, chatsim.Delivery) error {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				return nil
			}})
		require.NoError(t, err)
		assert.EqualValues(t, 5, most.Load())
	})
}

func TestPlay_OnTheRealClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := newSim()
		plan := sim.Plan(chatsim.Workload{Every: time.Second}, chatsim.Faults{Delay: 0.1})
		assert.False(t, plan.Steps[0].At.Before(time.Now()), "a workload starts now")
		_, err := sim.Play(t.Context(), plan, chatsim.Player{Wait: chatsim.Sleep, Send: func(context.Context, chatsim.Delivery) error { return nil }})
		require.NoError(t, err)
		assert.Equal(t, plan.Steps[len(plan.Steps)-1].At, time.Now())
	})
}

func TestPlay_StopsWithItsContext(t *testing.T) {
	sim, app := newApp(t)
	ctx, cancel := context.WithCancel(t.Context())
	report, err := sim.Play(ctx, sim.Plan(workload, chatsim.Faults{}), chatsim.Player{Concurrency: 1, Send: func(ctx context.Context, d chatsim.Delivery) error {
		cancel()
		return app.Send(ctx, d)
	}})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, report.Delivered, 3)
}

func TestPlay_FailsWhenAMessageWasChangedOutsideThePlan(t *testing.T) {
	sim, app := newApp(t)
	plan := sim.Plan(workload, chatsim.Faults{})
	message := plan.Steps[0].Change.Message
	_, err := sim.Change(chatsim.Change{Message: message, Operation: msgext.Clear})
	require.NoError(t, err)
	_, err = sim.Play(t.Context(), plan, chatsim.Player{Send: app.Send})
	assert.ErrorIs(t, err, chatsim.ErrDiverged)
}

func TestPlay_OverHTTP(t *testing.T) {
	sim, app := newApp(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := webhook.ReadBody(r.Body, r.ContentLength, 1<<20)
		assert.NoError(t, err)
		assert.NoError(t, app.Send(r.Context(), chatsim.Delivery{RawQuery: r.URL.RawQuery, Body: body}))
		webhook.OK().Write(w, http.StatusOK)
	}))
	defer server.Close()
	plan := sim.Plan(chatsim.Workload{Changes: 200}, chatsim.Faults{Duplicate: 0.5})
	report, err := sim.Play(t.Context(), plan, chatsim.Player{Send: chatsim.Sender(server.Client(), server.URL+"/?own=1")})
	require.NoError(t, err)
	assert.Equal(t, plan.Counts.Sent, report.Delivered)
	for _, message := range sim.Messages() {
		assert.Equal(t, sim.Truth(message), app.states[message].Reply(), message)
	}
}
