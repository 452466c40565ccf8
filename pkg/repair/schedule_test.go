package repair_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

// line is a world on simulated time in which messages wait for repair: its index lags by 2 s, and a
// REST call takes 100 ms.
type line struct {
	*world
	t     *testing.T
	calls atomic.Int64
	hangs func(call int64) bool
	took  func(call int64) time.Duration // 100 ms when nil
}

// scheduled runs a test of the schedule.
func scheduled(t *testing.T, test func(t *testing.T, l *line)) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{world: &world{now: time.Now(), store: memstate.NewLagging(2*time.Second, time.Now), sink: consumertest.New()}, t: t}
		l.chat = chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key"})
		var err error
		l.api, err = chatapi.New(chatapi.Options{
			Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", HTTPClient: &http.Client{Transport: l},
		})
		require.NoError(t, err)
		test(t, l)
	})
}

// RoundTrip carries a call to the simulated Chat and back.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	call := l.calls.Add(1)
	if l.hangs != nil && l.hangs(call) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	reply := httptest.NewRecorder()
	l.chat.Handler().ServeHTTP(reply, r)
	took := 100 * time.Millisecond
	if l.took != nil {
		took = l.took(call)
	}
	sleep(r.Context(), took)
	return reply.Result(), r.Context().Err()
}

func (l *line) with(change func(*repair.Options)) *repair.Repairer {
	options := repair.Options{
		Store: l.store, SDKAppID: app, Chat: l.api, Sinks: []sink.Sink{l.sink}, Grace: grace, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&options)
	}
	return repair.New(options)
}

func named(kind string, i int) msgext.Message {
	return msgext.Message{SDKAppID: app, GroupID: kind, MsgSeq: int64(i)}
}

// loses makes two changes of a message of which the first is lost.
func (l *line) loses(m msgext.Message) {
	l.change(l.t, m, msgext.Set, "alice", "lost")
	l.hears(m)
}

// hears makes a change, and its webhook arrives.
func (l *line) hears(m msgext.Message) {
	l.set(time.Now())
	l.receive(l.t, l.change(l.t, m, msgext.Set, "bob", "heard"))
}

func (l *line) open(m msgext.Message) bool {
	record, err := l.store.Load(context.Background(), m)
	require.NoError(l.t, err)
	return record.State.Gap()
}

// everyMinute runs a repairer at the beginning of each minute, for so many.
func (l *line) everyMinute(r *repair.Repairer, minutes int) (reports []repair.Report) {
	for range minutes {
		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
		report, err := r.Run(context.Background())
		require.NoError(l.t, err)
		reports = append(reports, report)
	}
	return reports
}

// Messages that Chat no longer has were read at every run once they had been quiet for 7 days, and
// a hundred of them were all that a run looked at.
func TestSchedule_WhatIsGoneIsReadOnce(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		r := l.with(nil)
		for i := range 150 {
			l.loses(named("gone", i))
		}
		time.Sleep(8 * 24 * time.Hour)
		for i := range 150 {
			l.chat.Remove(named("gone", i))
		}
		l.everyMinute(r, 2)
		l.loses(named("fresh", 1))
		l.everyMinute(r, 2)
		assert.False(t, l.open(named("fresh", 1)), "mended within 92 s")
		l.everyMinute(r, 60)
		assert.LessOrEqual(t, l.calls.Load(), int64(152))
	})
}

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

// A message that Chat refuses is given up in the end, and taken up again by an event or by an
// operator.
func TestSchedule_WhatIsRefusedForGoodIsGivenUp(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		refused := 10004
		l.chat = chatsim.New(chatsim.Options{
			SDKAppID: app, Admin: "administrator", SecretKey: "key", Refuse: func(msgext.Message) int { return refused },
		})
		r := l.with(nil)
		l.loses(poll)
		standing := func() state.Standing { return l.record(t, poll).Check.Standing() }
		l.everyMinute(r, 17*60)
		assert.Equal(t, state.Open, standing())
		l.everyMinute(r, 2*60)
		assert.Equal(t, state.Stuck, standing())
		assert.EqualValues(t, 24, l.calls.Load())
		l.everyMinute(r, 24*60)
		assert.EqualValues(t, 24, l.calls.Load(), "left alone")

		l.hears(poll)
		l.everyMinute(r, 2)
		assert.Equal(t, state.Open, standing(), "an event takes it up again")
		l.everyMinute(r, 24*60)
		assert.Equal(t, state.Stuck, standing())
		refused = 0
		require.NoError(t, r.Replay(t.Context(), poll))
		assert.Equal(t, state.Settled, standing())
		assert.Equal(t, l.chat.Truth(poll), l.sink.Reply(poll))
	})
}

// Chat has a message no more: the store and every consumer know, once.
func TestSchedule_WhatIsGoneIsTold(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		r := l.with(nil)
		l.loses(poll)
		l.everyMinute(r, 2)
		assert.NotEmpty(t, l.sink.Reply(poll).ExtensionList)
		l.loses(poll)
		l.chat.Remove(poll)
		l.everyMinute(r, 2)
		assert.True(t, l.record(t, poll).Check.Gone)
		assert.Empty(t, l.sink.Reply(poll).ExtensionList)
		assert.Len(t, l.sink.Gone(), 1)
		l.everyMinute(r, 60)
		assert.Len(t, l.sink.Gone(), 1)

		l.set(time.Now())
		l.receive(t, forged(t, 99, "late"))
		l.everyMinute(r, 2)
		assert.Len(t, l.sink.Gone(), 2, "an event came since")
		assert.Empty(t, l.sink.Reply(poll).ExtensionList)
	})
}

// A message that is quiet for the retention time is erased; an event brings it back as one older
// than the store.
func TestSchedule_QuietMessagesAreErased(t *testing.T) {
	scheduled(t, func(t *testing.T, l *line) {
		r := l.with(func(o *repair.Options) { o.Retention = 8 * 24 * time.Hour })
		l.hears(poll)
		time.Sleep(7*24*time.Hour + time.Minute)
		l.everyMinute(r, 1)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, 1, l.everyMinute(r, 1)[0].Erased)
		_, err := l.store.Load(t.Context(), poll)
		assert.ErrorIs(t, err, state.ErrNotFound)

		l.hears(poll)
		l.everyMinute(r, 2)
		assert.Equal(t, l.chat.Truth(poll), l.record(t, poll).State.Reply())
		assert.Equal(t, l.chat.Truth(poll), l.sink.Reply(poll))
	})
}
