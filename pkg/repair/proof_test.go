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
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/repair"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/webhook"
)

// The promise, on a simulated clock: thousands of changes on hundreds of messages, webhooks lost
// (last ones too), doubled, reordered, delayed, forged and with bodies that are not as documented,
// and a sink that is down for a while; repair once a minute. At the end every message's state is
// Chat's, and so is what the sink's consumer knows, in both ways of counting that the vendor's
// pages allow.
func TestProof_EverythingConverges(t *testing.T) {
	for seed, falls := range map[uint64]bool{1: false, 2: true, 3: false, rand.Uint64(): true} {
		t.Run(fmt.Sprintf("seed %d, LatestSeq falls %t", seed, falls), func(t *testing.T) {
			stateDiffers, sinkDiffers, report := everything(seed, falls).prove(t)
			assert.Zero(t, stateDiffers, "messages whose state is not Chat's")
			assert.Zero(t, sinkDiffers, "messages of which the consumer knows something else")
			assert.Positive(t, report.Dropped)
			assert.Positive(t, report.Forged())
			assert.Positive(t, report.Duplicated)
			assert.Positive(t, report.Reordered)
			assert.Positive(t, report.Garbled)
		})
	}
}

// The proof can fail: without repair it does.
func TestProof_WithoutRepairItDiffers(t *testing.T) {
	without := everything(1, false)
	without.repairing = false
	stateDiffers, sinkDiffers, _ := without.prove(t)
	assert.Greater(t, stateDiffers, 50)
	assert.Greater(t, sinkDiffers, 50)
}

// Nothing authentic is ignored: a webhook whose body is not as documented has its message read
// back, whatever its versions say and without any reading of all. Without the doubt it would not
// be.
func TestProof_WhatCannotBeTakenInIsReadBack(t *testing.T) {
	p := proof{
		seed: 1, repairing: true, doubting: true, readAll: false,
		faults: chatsim.Faults{Garble: 0.1, Duplicate: 0.1, Reorder: 0.1, Delay: 0.05, MaxDelay: time.Minute},
	}
	stateDiffers, sinkDiffers, report := p.prove(t)
	assert.Zero(t, stateDiffers)
	assert.Zero(t, sinkDiffers)
	assert.Greater(t, report.Garbled, 300)

	p.doubting = false
	stateDiffers, sinkDiffers, _ = p.prove(t)
	assert.Positive(t, stateDiffers, "the last webhook of a message, of which no later one tells")
	assert.Positive(t, sinkDiffers)
}

// A fifth of the messages have all of their webhooks lost, and are announced: they are right after
// the last scheduled read that follows their last change.
func TestProof_AnnouncedMessagesConvergeThoughNothingIsHeard(t *testing.T) {
	for seed, falls := range map[uint64]bool{1: false, 2: true, rand.Uint64(): false} {
		t.Run(fmt.Sprintf("seed %d, LatestSeq falls %t", seed, falls), func(t *testing.T) {
			p := everything(seed, falls)
			p.announce, p.faults.Silence = []string{"group_poll"}, 0.2
			stateDiffers, sinkDiffers, report := p.prove(t)
			assert.Zero(t, stateDiffers, "messages whose state is not Chat's")
			assert.Zero(t, sinkDiffers, "messages of which the consumer knows something else")
			assert.Equal(t, 200, report.Announced)
		})
	}
}

// With announcements switched off, what nothing was heard of is missing.
func TestProof_WithoutAnnouncementsItDiffers(t *testing.T) {
	p := everything(1, false)
	p.faults.Silence = 0.2
	stateDiffers, sinkDiffers, _ := p.prove(t)
	assert.Greater(t, stateDiffers, 20)
	assert.Greater(t, sinkDiffers, 20)
}

// proof is what a promise is proven against.
type proof struct {
	seed      uint64
	faults    chatsim.Faults
	repairing bool // repair runs
	doubting  bool // the store notes doubts
	readAll   bool
	announce  []string // MSGEXT_ANNOUNCE
	falls     bool     // Chat's LatestSeq falls when the newest key is deleted
}

func everything(seed uint64, falls bool) proof {
	return proof{seed: seed, falls: falls, repairing: true, doubting: true, readAll: true, faults: chatsim.Faults{
		Drop: 0.1, Duplicate: 0.1, Reorder: 0.1, Delay: 0.05, MaxDelay: time.Minute, TimeOut: 0.02, Burst: 0.005, NewerSeq: 0.05, Forge: 0.02, Garble: 0.02,
	}}
}

// undoubting is a store that notes no doubts.
type undoubting struct{ state.Store }

func (undoubting) Doubt(context.Context, msgext.Message, time.Time, state.Source) error { return nil }

func (p proof) prove(t *testing.T) (stateDiffers, sinkDiffers int, report chatsim.Report) {
	t.Helper()
	w := newWorld(t, func(o *chatsim.Options) { o.LatestFalls = p.falls })
	if !p.doubting {
		w.store = undoubting{w.store}
	}
	began := w.clock()
	rc := receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: app, Tokens: []secret.String{"xxxxyyyy"}},
		Sinks:    []sink.Sink{w.sink}, Store: w.store, Announce: p.announce, Now: w.clock, Logger: slog.New(slog.DiscardHandler),
	})
	p.faults.Seed = p.seed
	plan := w.chat.Plan(
		chatsim.Workload{Seed: p.seed, Messages: 200, Changes: 4000, Every: 300 * time.Millisecond, Announce: p.faults.Silence > 0}, p.faults)

	r := w.repairer(func(o *repair.Options) { o.ReadAll = p.readAll })
	next := began.Add(time.Minute)
	wait := func(_ context.Context, until time.Time) error {
		for p.repairing && next.Before(until) {
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
			continue // none of its webhooks ever arrived, nor was it announced: the one thing that cannot be found
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
