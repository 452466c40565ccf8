package repair_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// A life of crowds: situations in which more messages wait than a run has time for, or in which
// some messages would hold up the others if repair's schedule let them. Nothing else goes wrong,
// so that what a loss may wait is what is documented, and little more.
func TestRun_Soak_Crowds(t *testing.T) {
	size, open := chosenCrowds(t), openSoakStore(t)
	synctest.Test(t, func(t *testing.T) {
		w := newCrowdedWorld(t, size, open(), 4+*soakSeed)
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.repairEveryMinute(ctx)
		}()
		w.live()
		stop()
		<-ended
		w.compare()
		t.Logf("%s: %d messages, %d REST calls, longest wait of a loss %s", time.Since(began), len(w.messages), w.chat.Calls(), w.store.longest)
	})
}

// crowdedSize is how often each situation is played, and how little a run can do.
type crowdedSize struct {
	rounds, workers int
}

func chosenCrowds(t *testing.T) crowdedSize {
	switch chosenSize(t); *soakFlag {
	case "gate":
		return crowdedSize{rounds: 4, workers: 4}
	case "long":
		return crowdedSize{rounds: 20, workers: 8}
	}
	return crowdedSize{rounds: 1, workers: 4}
}

// What Chat refuses reads with.
const (
	gone           = 10010
	refusedForNow  = 10007
	refusedForGood = 10004
)

const (
	crowdedRun = 10 * time.Second
	handingOut = crowdedRun / 2 // the time in which a run hands out messages

	// betrayed is how long a loss that is betrayed may wait: until the grace time is over and the
	// next run begins, and until that has ended.
	betrayed = 90*time.Second + crowdedRun
)

// reads is how many messages a run reads at least, at 10 to 150 ms each, also where one read in a
// hundred hangs. readsAtMost is how many it may read.
func (s crowdedSize) reads() int       { return s.workers * int(handingOut/(150*time.Millisecond)) }
func (s crowdedSize) readsAtMost() int { return s.workers * int(handingOut/(66*time.Millisecond)) }

// backlog is the time that runs take for so many messages ahead of another.
func (s crowdedSize) backlog(messages int) time.Duration {
	return time.Duration(messages/s.reads()) * time.Minute
}

// crowdedMessage is one message of a crowded world, and what goes wrong with it.
type crowdedMessage struct {
	msgext.Message

	code     int           // what its reads are refused with
	hot      bool          // it gets a webhook during each of its checks
	slow     time.Duration // how long its replies are on their way
	unsaved  int           // how many of the outcomes of each check cannot be written
	panics   bool          // the store panics over its reads
	patience time.Duration // how much longer than others it may wait for what goes wrong with it

	saved map[*soakRun]int // outcomes of a run that were tried to be written
	heard time.Time        // the last webhook
	calls int              // REST calls since then
	owed  int              // of them, those that must be repeated
	hung  []time.Time
}

// delay is a time in which losses may wait longer.
type delay struct {
	window
	by time.Duration
}

// crowdedWorld is a Chat, a store, a sink and a repairer.
type crowdedWorld struct {
	t    *testing.T
	size crowdedSize
	r    *rand.Rand // of the traffic, which one goroutine makes
	*chance

	chat     *chatsim.Sim
	store    *soakStore
	consumer *consumertest.Consumer
	repairer *repair.Repairer
	early    *repair.Repairer // its clock is ahead

	mu        sync.Mutex
	messages  map[msgext.Message]*crowdedMessage
	delays    []delay
	hanging   bool // one read in a hundred is never answered
	restarts  bool // each run's process ends soon, and a new one begins at once
	paused    bool // nobody runs repair
	sinksDown bool
}

func newCrowdedWorld(t *testing.T, size crowdedSize, store state.Store, seed uint64) *crowdedWorld {
	w := &crowdedWorld{
		t: t, size: size, r: rand.New(rand.NewPCG(seed, 15)), chance: newChance(seed),
		consumer: consumertest.New(), messages: make(map[msgext.Message]*crowdedMessage),
	}
	w.store = &soakStore{
		Store: store, chance: w.chance, t: t, allowed: w.allowed, visits: newSoakVisits(), trouble: w.trouble, usual: betrayed,
		judgeShown:  func(msgext.Message, state.Record) bool { return true },
		beforeErase: func(msgext.Message) {}, judgeErased: func(msgext.Message) {},
		open: make(map[msgext.Message]time.Time), late: make(map[msgext.Message]bool),
	}
	w.chat = chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key", Refuse: w.refuse})
	w.repairer = w.with(time.Now)
	w.early = w.with(func() time.Time { return time.Now().Add(crookedness) })
	return w
}

// with returns a repairer with a clock.
func (w *crowdedWorld) with(now func() time.Time) *repair.Repairer {
	return repair.New(repair.Options{
		Store: w.store, SDKAppID: app, Chat: soakClient(w.t, w, w.chance, now), Sinks: []sink.Sink{w}, Grace: grace,
		Concurrency: w.size.workers, MaxRun: crowdedRun, Now: now, Logger: discard,
	})
}

// set changes the world.
func (w *crowdedWorld) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// crowd is so many new messages.
func (w *crowdedWorld) crowd(kind string, n int) []*crowdedMessage {
	messages := make([]*crowdedMessage, n)
	w.set(func() {
		kind = fmt.Sprint(kind, " ", len(w.messages))
		for i := range messages {
			messages[i] = &crowdedMessage{Message: named(kind, i), saved: make(map[*soakRun]int)}
			w.messages[messages[i].Message] = messages[i]
		}
	})
	for _, m := range messages {
		w.chat.Add(m.Message)
	}
	return messages
}

// change makes a change, and returns its event.
func (w *crowdedWorld) change(m msgext.Message) msgext.Event {
	operation := []msgext.KeyValue{{Key: fmt.Sprint("user ", w.draw("user", m.Path()).IntN(4)), Value: fmt.Sprint(w.draw("vote", m.Path()).IntN(1000))}}
	outcome, err := w.chat.Change(chatsim.Change{Message: m, Operation: msgext.Set, KeyValues: operation})
	require.NoError(w.t, err)
	event := msgext.Event{Message: m, Operation: msgext.Set, KeyValues: outcome.KeyValues, Seq: outcome.Version}
	event.Body = bodyOf(event).encode(w.t)
	return event
}

// lose makes two changes of each message of which the first is lost.
func (w *crowdedWorld) lose(messages ...*crowdedMessage) {
	for _, m := range messages {
		w.change(m.Message)
		w.hear(m, w.change(m.Message))
	}
}

// hear is what the webhook function does.
func (w *crowdedWorld) hear(m *crowdedMessage, event msgext.Event) {
	ctx := context.Background()
	w.set(func() { m.heard, m.calls, m.owed = time.Now(), 0, 0 })
	require.NoError(w.t, w.store.Apply(ctx, event, time.Now(), state.MarkLater))
	e, err := cloudevent.New(event, time.Now())
	require.NoError(w.t, err)
	if w.Send(ctx, e) == nil {
		require.NoError(w.t, w.store.MarkSeen(ctx, event.Message, event.Version()))
	}
}

// Name and Close make the world the sink of its consumer.
func (w *crowdedWorld) Name() string { return "consumer" }
func (w *crowdedWorld) Close() error { return nil }

func (w *crowdedWorld) Send(ctx context.Context, event cloudevent.Event) error {
	w.tick("send", event.PartitionKey())
	w.mu.Lock()
	down := w.sinksDown
	w.mu.Unlock()
	if down {
		return consumertest.ErrDown
	}
	return w.consumer.Send(ctx, event)
}

// RoundTrip carries a REST call to the simulated Chat and back, in 10 to 150 ms.
func (w *crowdedWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	message := addressed(w.t, r)
	w.mu.Lock()
	m := w.messages[message]
	hanging, hot, slow := w.hanging, m.hot, m.slow
	m.calls++
	w.judgeCalls(m)
	w.mu.Unlock()
	chance := w.draw("read", message.Path())
	took := 10*time.Millisecond + time.Duration(chance.Int64N(int64(140*time.Millisecond)))
	sleep(r.Context(), took/2)
	reply := httptest.NewRecorder()
	if hanging && chance.IntN(100) == 0 {
		<-r.Context().Done()
	} else {
		w.chat.Handler().ServeHTTP(reply, r)
	}
	if hot {
		w.lose(m)
	}
	sleep(r.Context(), took/2+slow)
	if err := r.Context().Err(); err != nil {
		w.set(func() { m.owed, m.hung = m.owed+1, append(m.hung, time.Now()) })
		return nil, err
	}
	return reply.Result(), nil
}

func (w *crowdedWorld) refuse(message msgext.Message) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.messages[message]
	if m.code == refusedForNow {
		m.owed++
	}
	return m.code
}

// trouble is what goes wrong in the store with one message.
func (w *crowdedWorld) trouble(ctx context.Context, call string, message msgext.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.messages[message]
	switch {
	case m == nil:
	case call == "SaveCheck":
		run, _ := ctx.Value(soakRunKey{}).(*soakRun)
		m.saved[run]++
		if w.sinksDown || m.saved[run] <= m.unsaved {
			m.owed++
		}
		if m.saved[run] <= m.unsaved {
			return errStoreDown
		}
	case call == "Merge" && m.panics:
		m.owed++
		panic("the store")
	}
	return nil
}

// repairEveryMinute runs repair until the context is done.
func (w *crowdedWorld) repairEveryMinute(ctx context.Context) {
	for ctx.Err() == nil {
		sleep(ctx, time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
		w.mu.Lock()
		paused, restarts := w.paused, w.restarts
		w.mu.Unlock()
		if restarts {
			w.runOnce(ctx, 400*time.Millisecond)
		}
		if !paused {
			w.runOnce(ctx, time.Hour)
		}
		w.store.judgeAll()
	}
}

// runOnce is one run of a process that lives so long.
func (w *crowdedWorld) runOnce(ctx context.Context, lives time.Duration) {
	run := beginSoakRun(func() time.Duration { return 0 }, false)
	defer w.store.visits.forget(run)
	ctx, cancel := context.WithCancel(context.WithValue(ctx, soakRunKey{}, run))
	defer cancel()
	stop := time.AfterFunc(lives, cancel)
	defer stop.Stop()
	_, err := w.repairer.Run(ctx)
	assert.NoError(w.t, err)
}

// delay lets losses wait longer for a time from now on.
func (w *crowdedWorld) delay(lasts, by time.Duration) {
	now := time.Now()
	w.set(func() { w.delays = append(w.delays, delay{window{now, now.Add(lasts + by)}, by}) })
}

// allowed is how long a gap may show.
func (w *crowdedWorld) allowed(message msgext.Message, since, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.messages[message]
	allowed := betrayed + m.patience
	for _, d := range w.delays {
		if since.Before(d.to) && now.After(d.from) {
			allowed += d.by
		}
	}
	hangs := 0
	for _, at := range m.hung {
		if !at.Before(since) {
			hangs++
		}
	}
	allowed += time.Duration(hangs)*(time.Minute+crowdedRun) + grace<<hangs - grace // the backoff, and the next run
	if m.code == gone || m.code == refusedForGood {
		allowed += 100 * day
	}
	return allowed
}

// judgeCalls holds the REST calls about a message since its last webhook to what is documented: one
// read, another for each that failed, 24 that Chat refuses for good, and a backoff between those.
// The caller holds the lock.
func (w *crowdedWorld) judgeCalls(m *crowdedMessage) {
	allowed := 1 + m.owed
	if m.code == refusedForGood {
		allowed = tries(time.Since(m.heard)) + m.owed
	}
	if m.calls > allowed {
		w.store.complain("too many REST calls", "%s: %d since the last webhook, at most %d allowed", m.Path(), m.calls, allowed)
	}
}

// tries is how often a message is read that Chat refuses all the while.
func tries(lasts time.Duration) int {
	n := 1
	for at, backoff := grace, grace; n < 24 && at+backoff <= lasts; n++ {
		at, backoff = at+backoff, min(2*backoff, time.Hour)
	}
	return n
}

// compare holds what is known against the truth.
func (w *crowdedWorld) compare() {
	for _, m := range w.messages {
		record, err := w.store.Store.Load(context.Background(), m.Message)
		require.NoError(w.t, err)
		switch m.code {
		case gone:
			assert.True(w.t, record.Check.Gone, "%s: %+v", m.Path(), record.Check)
			assert.Empty(w.t, w.consumer.Reply(m.Message).ExtensionList, "%s", m.Path())
		case refusedForGood:
			assert.Equal(w.t, state.Stuck, record.Check.Standing(), "%s: %+v", m.Path(), record.Check)
		default:
			assert.False(w.t, record.Incomplete(), "%s: %+v", m.Path(), record.Check)
			assert.Equal(w.t, w.chat.Truth(m.Message), record.State.Reply(), "%s: the store", m.Path())
			assert.Equal(w.t, w.chat.Truth(m.Message), w.consumer.Reply(m.Message), "%s: the consumer", m.Path())
		}
	}
}
