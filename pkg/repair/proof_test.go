package repair_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/receiver"
	"msgext/pkg/repair"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/webhook"
)

// The promise, on a simulated clock: thousands of changes on hundreds of messages, webhooks lost
// (last ones too), doubled, reordered, delayed and forged, and a sink that is down for a while; repair once a
// minute. At the end every message's state is Chat's, and so is what the sink's consumer knows, in both ways
// of counting that the vendor's pages allow.
func TestProof_EverythingConverges(t *testing.T) {
	for seed, falls := range map[uint64]bool{1: false, 2: true, 3: false, rand.Uint64(): true} {
		t.Run(fmt.Sprintf("seed %d, LatestSeq falls %t", seed, falls), func(t *testing.T) {
			stateDiffers, sinkDiffers, report := prove(t, seed, falls, true)
			assert.Zero(t, stateDiffers, "messages whose state is not Chat's")
			assert.Zero(t, sinkDiffers, "messages of which the consumer knows something else")
			assert.Positive(t, report.Dropped)
			assert.Positive(t, report.Forged())
			assert.Positive(t, report.Duplicated)
			assert.Positive(t, report.Reordered)
		})
	}
}

// The proof can fail: without repair it does.
func TestProof_WithoutRepairItDiffers(t *testing.T) {
	stateDiffers, sinkDiffers, _ := prove(t, 1, false, false)
	assert.Greater(t, stateDiffers, 50)
	assert.Greater(t, sinkDiffers, 50)
}

func prove(t *testing.T, seed uint64, falls, repairing bool) (stateDiffers, sinkDiffers int, report chatsim.Report) {
	t.Helper()
	w := newWorld(t, func(o *chatsim.Options) { o.LatestFalls = falls })
	began := w.clock()
	rc := receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: app, Tokens: []secret.String{"xxxxyyyy"}},
		Sinks:    []sink.Sink{w.sink}, Store: w.store, Now: w.clock, Logger: slog.New(slog.DiscardHandler),
	})
	plan := w.chat.Plan(
		chatsim.Workload{Seed: seed, Messages: 200, Changes: 4000, Every: 300 * time.Millisecond},
		chatsim.Faults{Seed: seed, Drop: 0.1, Duplicate: 0.1, Reorder: 0.1, Delay: 0.05, MaxDelay: time.Minute, TimeOut: 0.02, Burst: 0.005, NewerSeq: 0.05, Forge: 0.02})

	r := w.repairer(func(o *repair.Options) { o.ReadAll = true })
	next := began.Add(time.Minute)
	wait := func(_ context.Context, until time.Time) error {
		for repairing && next.Before(until) {
			w.set(next)
			w.run(t, r)
			next = next.Add(time.Minute)
		}
		w.set(until)
		elapsed := until.Sub(began)
		w.sink.SetDown(elapsed > 5*time.Minute && elapsed < 8*time.Minute)
		return nil
	}
	report, err := w.chat.Play(t.Context(), plan, chatsim.Player{
		Wait: wait,
		Send: func(ctx context.Context, d chatsim.Delivery) error {
			request, err := d.Request(ctx, "http://127.0.0.1/")
			if err != nil {
				return err
			}
			reply := httptest.NewRecorder()
			rc.ServeHTTP(reply, request)
			return chatsim.CheckReply(reply.Code, reply.Body.Bytes())
		},
	})
	require.NoError(t, err)
	// The last read of a message comes an hour after its last change that was heard.
	require.NoError(t, wait(t.Context(), w.clock().Add(70*time.Minute)))

	heard := map[string]bool{}
	for _, step := range plan.Steps {
		if step.Delivery != nil {
			heard[step.Delivery.Message.Path()] = true
		}
	}
	for _, message := range w.chat.Messages() {
		if !heard[message.Path()] {
			continue // none of its webhooks ever arrived: the one thing that cannot be found
		}
		truth := w.chat.Truth(message)
		if record, err := w.store.Load(t.Context(), message); err != nil || !assert.ObjectsAreEqual(truth, record.State.Reply()) {
			stateDiffers++
		}
		// A deletion that lowered LatestSeq raised what the consumer has heard of.
		if !assert.ObjectsAreEqual(truth.ExtensionList, w.sink.Reply(message).ExtensionList) {
			sinkDiffers++
		}
	}
	return stateDiffers, sinkDiffers, report
}
