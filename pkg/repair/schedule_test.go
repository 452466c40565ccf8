package repair_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

// An empty page ended a run: with an index that lagged a second, 100 of 1,000 were checked.
func TestSchedule_ARunVisitsEveryMessageOnceHoweverTheIndexLags(t *testing.T) {
	for name, kind := range map[string]func(l *line, m msgext.Message){"to read": (*line).loses, "to settle": (*line).hears} {
		t.Run(name, func(t *testing.T) {
			scheduled(t, func(t *testing.T, l *line) {
				for i := range 1050 {
					kind(l, named("due", i))
				}
				visits := map[msgext.Message]int{}
				l.store = &visited{Store: l.store, visits: visits}
				r := l.with(nil)
				time.Sleep(time.Minute)
				report, err := r.Run(context.Background())
				require.NoError(t, err)
				assert.Equal(t, 1050, report.Checked)
				assert.Len(t, visits, 1050)
				for m, n := range visits {
					assert.Equal(t, 1, n, m.Path())
				}
				time.Sleep(time.Minute)
				report, err = r.Run(context.Background())
				require.NoError(t, err)
				assert.Zero(t, report.Checked)
			})
		})
	}
}

// What the index says of a message that has moved on is left out of a page, which may be empty
// then, and is not the end.
func TestSchedule_AnEmptyPageIsNotTheEnd(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		for i := range 1000 {
			l.hears(named("first", i))
		}
		time.Sleep(time.Second)
		for i := range 50 {
			l.hears(named("second", i))
		}
		r := l.with(nil)
		time.Sleep(grace - 500*time.Millisecond)
		report, err := r.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1000, report.Checked)
		time.Sleep(time.Second) // the index still lists them all, as they were
		report, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 50, report.Checked)
	})
}

// visited counts the outcomes of each message.
type visited struct {
	state.Store
	mu     sync.Mutex
	visits map[msgext.Message]int
	fails  func(msgext.Message) bool
}

func (v *visited) SaveCheck(ctx context.Context, m msgext.Message, o state.Outcome) error {
	v.mu.Lock()
	v.visits[m]++
	fails := v.fails != nil && v.fails(m)
	v.mu.Unlock()
	if fails {
		return errors.New("refused")
	}
	return v.Store.SaveCheck(ctx, m, o)
}

// A hundred messages that got a webhook during each check kept their place and starved every other.
func TestSchedule_BusyMessagesMoveBehindTheOthers(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		var busy sync.Map
		for i := range 100 {
			l.loses(named("busy", i))
			busy.Store(named("busy", i), true)
		}
		for i := range 60 {
			time.Sleep(time.Millisecond)
			l.loses(named("calm", i))
		}
		r := l.with(func(o *repair.Options) {
			o.ReadAll, o.MaxRun, o.Concurrency = true, 16*time.Second, 1 // time for some 80
			o.Observe = func(m msgext.Message, _ msgext.Snapshot, _ time.Time) {
				if _, is := busy.Load(m); is {
					l.hears(m)
				}
			}
		})
		l.everyMinute(r, 4)
		for i := range 60 {
			assert.False(t, l.open(named("calm", i)), i)
		}
	})
}

// A message whose outcome cannot be written is looked at once a run, and costs the others nothing.
func TestSchedule_WhatCannotBeWrittenIsNotRepeated(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		visits := map[msgext.Message]int{}
		l.store = &visited{Store: l.store, visits: visits, fails: func(m msgext.Message) bool { return m.GroupID == "stubborn" }}
		for i := range 120 {
			l.loses(named("stubborn", i))
		}
		for i := range 30 {
			l.loses(named("calm", i))
		}
		time.Sleep(grace + 2*time.Second)
		report, err := l.with(func(o *repair.Options) { o.Concurrency = 8 }).Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 150, report.Checked)
		assert.Equal(t, 120, report.Open)
		for i := range 30 {
			assert.False(t, l.open(named("calm", i)), i)
		}
		for i := range 120 {
			assert.Equal(t, 2, visits[named("stubborn", i)], "the outcome, and to move behind the others")
		}
	})
}

// First checks go before retries, and retries still get a share.
func TestSchedule_FirstChecksGoBeforeRetriesWhichStillGetAShare(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		r := l.with(func(o *repair.Options) { o.MaxRun, o.Concurrency = 16*time.Second, 1 }) // time for some 80
		l.sink.SetDown(true)
		for i := range 60 {
			l.loses(named("retried", i))
		}
		l.everyMinute(r, 8) // all have failed by now, some several times
		l.sink.SetDown(false)
		time.Sleep(time.Hour) // and all are due
		for i := range 60 {
			l.loses(named("new", i))
		}
		time.Sleep(grace)
		_, err := r.Run(context.Background())
		require.NoError(t, err)
		mended := map[string]int{}
		for _, kind := range []string{"new", "retried"} {
			for i := range 60 {
				if !l.open(named(kind, i)) {
					mended[kind]++
				}
			}
		}
		assert.Equal(t, 60, mended["new"])
		assert.GreaterOrEqual(t, mended["retried"], 15, "a quarter while there are both")
	})
}

// Each batch waited for its slowest: one hanging read in a hundred cut a run to an eighth. Calls of
// 10 to 150 ms.
func TestSchedule_AHangingReadCostsOnlyItself(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		const limit = 200 // calls a second that Chat allows, trtc.io/document/52169
		for i := range 21 * limit {
			l.loses(named("due", i))
		}
		l.took = func(call int64) time.Duration { return time.Duration(10+call*37%141) * time.Millisecond }
		l.hangs = func(call int64) bool { return call%100 == 50 }
		time.Sleep(time.Minute)
		const handing = 20 * time.Second // a run hands out messages until 10 s before its end
		until := time.Now().Add(handing)
		var read atomic.Int64
		_, err := l.with(func(o *repair.Options) {
			o.MaxRun = handing + 10*time.Second
			o.Observe = func(msgext.Message, msgext.Snapshot, time.Time) {
				if time.Now().Before(until) {
					read.Add(1)
				}
			}
		}).Run(context.Background())
		require.NoError(t, err)
		share := float64(read.Load()) / handing.Seconds() / limit
		t.Logf("%d read in %s: %.1f %% of the limit", read.Load(), handing, 100*share)
		assert.Greater(t, share, 0.95)
	})
}

// Two reads of one message never overlap: the one that began first and came last is neither merged
// nor told.
func TestSchedule_ASlowOldReadDoesNotOvertakeAFastNewOne(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		l.loses(poll)
		time.Sleep(time.Minute)
		slow := make(chan error)
		l.store = &slowMerge{Store: l.store, wait: 5 * time.Second}
		late := l.with(nil)
		l.store = l.store.(*slowMerge).Store
		go func() {
			_, err := late.Run(context.Background())
			slow <- err
		}()
		time.Sleep(time.Second) // the slow one has read
		l.change(t, poll, msgext.Delete, "alice", "")
		require.NoError(t, l.with(nil).Replay(context.Background(), poll))
		told := len(l.sink.Repaired())
		require.NoError(t, <-slow)
		assert.Len(t, l.sink.Repaired(), told)
		assert.Equal(t, l.chat.Truth(poll), l.record(t, poll).State.Reply())
		assert.Equal(t, l.chat.Truth(poll), l.sink.Reply(poll))
	})
}

type slowMerge struct {
	state.Store
	wait time.Duration
}

func (s *slowMerge) Merge(ctx context.Context, m msgext.Message, read msgext.Snapshot) error {
	time.Sleep(s.wait)
	return s.Store.Merge(ctx, m, read)
}

// Announced messages are read after the others, at a quarter of the calls that Chat allows at most.
func TestSchedule_AnnouncedMessagesComeLastAndSlowly(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		for i := range 3000 {
			m := named("announced", i)
			l.chat.Add(m)
			require.NoError(t, l.store.Announce(t.Context(), m, time.Now(), time.Now().Add(10*time.Minute-grace)))
		}
		time.Sleep(11 * time.Minute)
		for i := range 300 {
			l.loses(named("new", i))
		}
		time.Sleep(grace + 3*time.Second)
		began := time.Now()
		report, err := l.with(nil).Run(context.Background())
		require.NoError(t, err)
		for i := range 300 {
			assert.False(t, l.open(named("new", i)), i)
		}
		announced := float64(report.Checked - 300)
		assert.Greater(t, announced, 1000.0)
		assert.Less(t, announced, time.Since(began).Seconds()*chatapi.DefaultCallsPerSecond/4)
	})
}

// A forgery on a message that is never quiet was never dropped, because what was found out about it
// was written only if nothing had been heard meanwhile.
func TestSchedule_AForgeryOnAHotMessageIsDropped(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		ctx, stop := context.WithCancel(t.Context())
		hot := make(chan struct{})
		l.hears(poll)
		l.receive(t, forged(t, 100_000, "forged"))
		go func() {
			defer close(hot)
			for ctx.Err() == nil {
				time.Sleep(200 * time.Millisecond)
				l.hears(poll)
			}
		}()
		r := l.with(func(o *repair.Options) {
			o.ReadAll = true
			o.Observe = func(msgext.Message, msgext.Snapshot, time.Time) { time.Sleep(time.Second) } // five webhooks in every check
		})
		dropped := 0
		for _, report := range l.everyMinute(r, 5) {
			dropped += report.Dropped
		}
		stop()
		<-hot
		assert.Equal(t, 1, dropped)
		l.everyMinute(r, 3)
		assert.Equal(t, l.chat.Truth(poll), l.record(t, poll).State.Reply())
		assert.Equal(t, l.chat.Truth(poll).ExtensionList, l.sink.Reply(poll).ExtensionList)
	})
}

// Another app's messages in one store are left as they are.
func TestSchedule_AnotherAppsMessagesAreNotTouched(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		other := msgext.Message{SDKAppID: "1400000001", GroupID: "g", MsgSeq: 1}
		event := forged(t, 5, "x")
		event.Message = other
		l.set(time.Now())
		l.receive(t, event)
		l.loses(poll)
		time.Sleep(time.Minute)
		before := l.record(t, other)
		report, err := l.with(nil).Run(context.Background())
		require.NoError(t, err)
		assert.Equal(t, 1, report.Checked)
		assert.Equal(t, 1, report.Foreign)
		assert.Equal(t, before, l.record(t, other))
	})
}
