package repair_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

var discard = slog.New(slog.DiscardHandler)

const (
	day           = 24 * time.Hour
	soakRetention = 14 * day
	soakLag       = 2 * time.Second
	crookedness   = 5 * time.Minute
	replicaLag    = 20 * time.Second
)

// soakMessage is one message of a soak, and what became of it.
type soakMessage struct {
	msgext.Message
	from, to time.Time // when people use it

	hot     bool                        // gets a webhook during each check while there is a crowd
	code    int                         // what its reads are refused with
	applied bool                        // something of it has reached the store
	last    time.Time                   // when something last did
	heard   time.Time                   // when a webhook about its extensions last did; zero while it was only announced
	lost    bool                        // the newest version never arrived
	forged  time.Time                   // when something forged last arrived
	hung    []time.Time                 // when reads of it did not end
	calls   int                         // REST calls of this day
	events  int                         // webhooks of this day
	callsOf int                         // the day
	changed time.Time                   // when it was last changed in Chat
	version int64                       // the version that made
	history map[int64][]msgext.KeyValue // what it was as of each of its newest versions
	before  []byte                      // a read of it before that

	unheard  bool      // the sinks may have what the store has not, and nobody has replayed it
	replayed time.Time // when an operator last did

	stage *stage // what is done to it on purpose; nil for all others
}

// soakWorld is a Chat, a store, a sink and repair, with everything that goes wrong among them.
type soakWorld struct {
	t     *testing.T
	all   bool
	falls bool
	began time.Time
	end   time.Time  // of the traffic
	r     *rand.Rand // of the traffic, which one goroutine makes
	*chance

	chat     *chatsim.Sim
	store    *soakStore
	consumer *consumertest.Consumer
	straight *repair.Repairer
	crooked  *repair.Repairer // its clock goes wrong for a while
	punctual http.Handler     // a receiver
	early    http.Handler     // one whose clock is ahead

	restDown, sinksDown, skewed []window

	mu                                      sync.Mutex
	messages                                []*soakMessage
	byName                                  map[msgext.Message]*soakMessage
	changes, heard, forged, garbles, stales int
	totals                                  repair.Report
	sizes                                   soakSize
	crowds                                  []window         // in which everybody votes
	later                                   sync.WaitGroup   // webhooks on their way
	told                                    map[string]int64 // the greatest LatestSeq that the consumer was told, by partition key
	waves                                   []window         // the crowds, and when their messages are read again
	queued                                  bool             // a lane was complained of
	debts                                   *debts
	staged                                  []*soakMessage // each lives an incident
}

func newSoakWorld(t *testing.T, size soakSize, store state.Store, all, falls bool, seed uint64) *soakWorld {
	began := time.Now()
	length := time.Duration(size.days) * day
	at := func(share float64) time.Time { return began.Add(time.Duration(share * float64(length))) }
	lasting := func(share float64, d time.Duration) window { return window{at(share), at(share).Add(d)} }
	w := &soakWorld{
		t: t, all: all, falls: falls, began: began, end: began.Add(length), r: rand.New(rand.NewPCG(seed, 15)), chance: newChance(seed), sizes: size,
		byName: make(map[msgext.Message]*soakMessage), told: make(map[string]int64), debts: newDebts(),
		restDown:  []window{lasting(0.30, min(2*day, length/8))},
		sinksDown: []window{lasting(0.15, 3*time.Hour), lasting(0.55, 2*time.Hour)},
		skewed:    []window{lasting(0.65, length/8)},
		crowds:    []window{lasting(0.20, 40*time.Minute), lasting(0.45, time.Minute)},
	}
	for _, crowd := range w.crowds { // what everybody changed at once is read again at once
		for _, age := range []time.Duration{0, 10 * time.Minute, time.Hour, day, 7 * day} {
			w.waves = append(w.waves, window{crowd.from.Add(age), crowd.to.Add(age)})
		}
	}
	w.consumer = consumertest.New()
	w.store = &soakStore{
		Store: store, chance: w.chance, t: t, allowed: w.allowed, usual: promised, visits: newSoakVisits(),
		judgeShown: w.judgeShown, beforeErase: w.beforeErase, judgeErased: w.judgeErased,
		down: []window{lasting(0.10, 4*time.Minute), lasting(0.50, 7*time.Minute), lasting(0.85, 2*time.Minute)},
		open: make(map[msgext.Message]time.Time), late: make(map[msgext.Message]bool),
	}
	w.chat = chatsim.New(chatsim.Options{
		SDKAppID: app, Admin: "administrator", SecretKey: "key", LatestFalls: falls, Refuse: w.refuse, CallsPerSecond: 200,
	})
	w.punctual = w.receiver(time.Now)
	w.early = w.receiver(func() time.Time { return time.Now().Add(crookedness) })
	w.straight = w.repairer(time.Now)
	w.crooked = w.repairer(func() time.Time { return time.Now().Add(w.skewAt(time.Now())) })
	for i := range size.messages {
		from := began.Add(time.Duration(w.r.Int64N(int64(length) * 8 / 10)))
		m := &soakMessage{Message: msgext.Message{SDKAppID: app, GroupID: fmt.Sprint("group ", i/5), MsgSeq: int64(i % 5)}, from: from, hot: i%3 == 0}
		m.to = from.Add(time.Hour + time.Duration(w.r.ExpFloat64()*float64(length)/10))
		w.messages, w.byName[m.Message] = append(w.messages, m), m
		w.chat.Add(m.Message)
	}
	w.stageAll()
	return w
}

func (w *soakWorld) repairer(now func() time.Time) *repair.Repairer {
	return repair.New(repair.Options{
		Store: w.store, SDKAppID: app, Chat: soakClient(w.t, w, w.chance, now), Sinks: []sink.Sink{w}, Grace: grace, ReadAll: w.all,
		Retention: soakRetention, Concurrency: w.sizes.workers, MaxRun: w.sizes.run, Now: now, Logger: slog.New(soakLog{slog.DiscardHandler, w}),
	})
}

func within(windows []window, at time.Time) bool {
	for _, w := range windows {
		if w.has(at) {
			return true
		}
	}
	return false
}

// skewAt is how far the crooked repairer's clock is off: first behind, then ahead.
func (w *soakWorld) skewAt(at time.Time) time.Duration {
	for _, s := range w.skewed {
		if s.has(at) {
			if at.Sub(s.from) < s.to.Sub(s.from)/2 {
				return -crookedness
			}
			return crookedness
		}
	}
	return 0
}

func (w *soakWorld) skewNow() time.Duration { return w.skewAt(time.Now()) }

// Name and Close make the world the sink of its consumer, which cannot be reached at times.
func (w *soakWorld) Name() string { return "consumer" }
func (w *soakWorld) Close() error { return nil }

func (w *soakWorld) Send(ctx context.Context, event cloudevent.Event) error {
	w.tick("send", event.PartitionKey())
	if within(w.sinksDown, time.Now()) {
		return consumertest.ErrDown
	}
	if event.IsRepaired() {
		w.judgeRead(event)
	}
	w.linger(event)
	if err := w.consumer.Send(ctx, event); err != nil {
		return err
	}
	w.pay(event)
	return nil
}
