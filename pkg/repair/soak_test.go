package repair_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/repair"
)

// soakFlag chooses how long the soak is. The gate sets MSGEXT_SOAK=gate.
var soakFlag = flag.String("soak", os.Getenv("MSGEXT_SOAK"), "empty: in small; gate: 30 days of 2,000 messages; long: 90 days of 20,000")

// soakSeed makes other worlds of the same size.
var soakSeed = flag.Uint64("soak-seed", 0, "added to the seed of each soak's world")

// soakSize is how much of a life a soak plays, and how little a run of repair can do: so that there
// is more to do at times than runs have time for.
type soakSize struct {
	days, messages, changes int
	workers                 int
	run                     time.Duration // of which half is for handing out messages
}

// capacity is how many messages a run reads at least, at 10 to 150 ms each.
func (s soakSize) capacity() int { return int(s.run/2/(150*time.Millisecond)) * s.workers }

func chosenSize(t *testing.T) soakSize {
	t.Helper()
	switch *soakFlag {
	case "":
		return soakSize{days: 12, messages: 100, changes: 3000, workers: 2, run: 1200 * time.Millisecond}
	case "gate":
		return soakSize{days: 30, messages: 2000, changes: 60_000, workers: 4, run: 2400 * time.Millisecond}
	case "long":
		return soakSize{days: 90, messages: 20_000, changes: 1_000_000, workers: 16, run: 6 * time.Second}
	}
	require.Failf(t, "soak", "%q is neither empty, gate nor long", *soakFlag)
	return soakSize{}
}

// Months of dirty life on a simulated clock: hot polls, losses, duplicates, late and forged events,
// doubts, groups that disband, messages recalled, refusals by code, hanging reads, an index that
// lags, sinks down for hours, REST down for two days, the store down for minutes, clocks off by
// five minutes, restarts in the middle of a run, two runs at once. Some messages live an incident on
// purpose, the same in each world. What must hold is checked on the way (see soakStore, debt and
// judgeShown), and at the end.
func TestRun_Soak_All(t *testing.T) { soak(t, true, false, 1) }

// The same with a LatestSeq that falls when the newest key is deleted.
func TestRun_Soak_AllWithFallingLatestSeq(t *testing.T) { soak(t, true, true, 2) }

// The same where only what is betrayed is read.
func TestRun_Soak_Gaps(t *testing.T) { soak(t, false, false, 3) }

func soak(t *testing.T, all, falls bool, seed uint64) {
	size, open := chosenSize(t), openSoakStore(t)
	synctest.Test(t, func(t *testing.T) {
		w := newSoakWorld(t, size, open(), all, falls, seed+*soakSeed)
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.repairAll(ctx)
		}()
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			w.watch(ctx)
		}()
		w.live()
		w.settle()
		stop()
		<-ended
		<-watched
		w.compare()
		t.Logf("%s: %s", time.Since(began), w.summary())
	})
}

// repairAll runs two repairers until the context is done: one a minute, the other, whose clock may
// be wrong, every half, with runs that are cut short.
func (w *soakWorld) repairAll(ctx context.Context) {
	second := make(chan struct{})
	go func() {
		defer close(second)
		for n := 0; ctx.Err() == nil; n++ {
			w.runOnce(ctx, w.crooked, w.skewNow, n%7 == 3)
			sleep(ctx, 97*time.Second)
		}
	}()
	next := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if restarts := n%11 == 5; !w.runOnce(ctx, w.straight, func() time.Duration { return 0 }, restarts) && !restarts {
			w.judgeQueues()
		}
		next = next.Add(time.Minute)
		if now := time.Now(); next.Before(now) {
			next = now
		}
		sleep(ctx, time.Until(next))
	}
	<-second
}

// runOnce is one run, cut short where the process restarts. It reports whether it failed.
func (w *soakWorld) runOnce(ctx context.Context, r *repair.Repairer, skew func() time.Duration, restarts bool) (failed bool) {
	run := beginSoakRun(skew, r == w.crooked)
	defer w.store.visits.forget(run)
	ctx = context.WithValue(ctx, soakRunKey{}, run)
	if restarts {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		stop := time.AfterFunc(w.sizes.run/3, cancel)
		defer stop.Stop()
		defer cancel()
	}
	report, err := r.Run(ctx)
	if err != nil && !w.store.wasDown(run.began) {
		assert.NoError(w.t, err, "a run fails only while the store is down")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.totals.Checked += report.Checked
	w.totals.Read += report.Read
	w.totals.Repaired += report.Repaired
	w.totals.Dropped += report.Dropped
	w.totals.Fell += report.Fell
	w.totals.Gone += report.Gone
	w.totals.GaveUp += report.GaveUp
	w.totals.Erased += report.Erased
	return err != nil
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (w *soakWorld) summary() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("%d changes, %d webhooks, %d forged, %d garbled, %d REST calls and %d stale ones, longest wait %s; %+v",
		w.changes, w.heard, w.forged, w.garbles, w.chat.Calls(), w.stales, w.store.longest, w.totals)
}
