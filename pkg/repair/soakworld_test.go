package repair_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

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

	code    int       // what its reads are refused with
	applied bool      // something of it has reached the store
	last    time.Time // when something last did
	heard   time.Time // when a webhook about its extensions last did; zero while it was only announced
	lost    bool      // the newest version never arrived
	forged  time.Time // when something forged last arrived
	calls   int       // REST calls of this day
	events  int       // webhooks of this day
	callsOf int       // the day
	changed time.Time // when it was last changed in Chat
	version int64     // the version that made
	before  []byte    // a read of it before that

	unheard  bool      // the sinks may have what the store has not, and nobody has replayed it
	replayed time.Time // when an operator last did
}

// soakWorld is a Chat, a store, a sink and repair, with everything that goes wrong among them.
type soakWorld struct {
	t     *testing.T
	all   bool
	falls bool
	began time.Time
	end   time.Time // of the traffic
	r     *rand.Rand

	chat     *chatsim.Sim
	store    *soakStore
	consumer *consumertest.Consumer
	straight *repair.Repairer
	crooked  *repair.Repairer // its clock goes wrong for a while

	restDown, sinksDown, skewed []window

	mu                             sync.Mutex
	messages                       []*soakMessage
	byName                         map[msgext.Message]*soakMessage
	changes, heard, forged, stales int
	totals                         repair.Report
	sizes                          soakSize
	later                          sync.WaitGroup // webhooks on their way
}

func newSoakWorld(t *testing.T, size soakSize, all, falls bool, seed uint64) *soakWorld {
	began := time.Now()
	length := time.Duration(size.days) * day
	at := func(share float64) time.Time { return began.Add(time.Duration(share * float64(length))) }
	lasting := func(share float64, d time.Duration) window { return window{at(share), at(share).Add(d)} }
	w := &soakWorld{
		t: t, all: all, falls: falls, began: began, end: began.Add(length), r: rand.New(rand.NewPCG(seed, 15)), sizes: size,
		byName:    make(map[msgext.Message]*soakMessage),
		restDown:  []window{lasting(0.30, min(2*day, length/8))},
		sinksDown: []window{lasting(0.15, 3*time.Hour), lasting(0.55, 2*time.Hour)},
		skewed:    []window{lasting(0.65, length/8)},
	}
	w.consumer = consumertest.New()
	w.store = &soakStore{
		Store: memstate.NewLagging(soakLag, time.Now), t: t, allowed: w.allowed,
		down: []window{lasting(0.10, 4*time.Minute), lasting(0.50, 7*time.Minute), lasting(0.85, 2*time.Minute)},
		open: make(map[msgext.Message]time.Time), late: make(map[msgext.Message]bool),
	}
	w.chat = chatsim.New(chatsim.Options{
		SDKAppID: app, Admin: "administrator", SecretKey: "key", LatestFalls: falls, Refuse: w.refuse, CallsPerSecond: 200,
		Trouble: func(call int, _ string) int {
			if call%100 == 99 {
				return chatsim.Hang
			}
			return 0
		},
	})
	w.straight = w.repairer(time.Now)
	w.crooked = w.repairer(func() time.Time { return time.Now().Add(w.skewAt(time.Now())) })
	for i := range size.messages {
		from := began.Add(time.Duration(w.r.Int64N(int64(length) * 8 / 10)))
		m := &soakMessage{Message: msgext.Message{SDKAppID: app, GroupID: fmt.Sprint("group ", i/5), MsgSeq: int64(i % 5)}, from: from}
		m.to = from.Add(time.Hour + time.Duration(w.r.ExpFloat64()*float64(length)/10))
		w.messages, w.byName[m.Message] = append(w.messages, m), m
		w.chat.Add(m.Message)
	}
	return w
}

func (w *soakWorld) repairer(now func() time.Time) *repair.Repairer {
	client, err := chatapi.New(chatapi.Options{
		Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", Now: now,
		HTTPClient: &http.Client{Transport: w},
	})
	require.NoError(w.t, err)
	return repair.New(repair.Options{
		Store: w.store, SDKAppID: app, Chat: client, Sinks: []sink.Sink{w}, Grace: grace, ReadAll: w.all,
		Retention: soakRetention, Concurrency: 16, Now: now, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
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

// RoundTrip carries a REST call to the simulated Chat and back, in 10 to 150 ms.
func (w *soakWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	took := 10*time.Millisecond + time.Duration(w.r.Int64N(int64(140*time.Millisecond)))
	w.mu.Unlock()
	sleep(r.Context(), took/2)
	if within(w.restDown, time.Now()) {
		return nil, io.ErrUnexpectedEOF
	}
	reply := httptest.NewRecorder()
	if stale := w.stale(r); stale != nil {
		reply.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		_, _ = reply.Write(stale)
	} else {
		w.chat.Handler().ServeHTTP(reply, r)
	}
	sleep(r.Context(), took/2)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return reply.Result(), nil
}

// stale returns what a replica of Chat's that lags a few seconds behind has of a message, once in a while.
func (w *soakWorld) stale(r *http.Request) []byte {
	data, err := io.ReadAll(r.Body)
	require.NoError(w.t, err)
	r.Body = io.NopCloser(bytes.NewReader(data))
	var address msgext.Address
	require.NoError(w.t, json.Unmarshal(data, &address))
	message, err := address.Message(app)
	require.NoError(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.byName[message]
	if m.code != 0 || m.before == nil || time.Since(m.changed) > replicaLag || w.r.IntN(2) > 0 {
		return nil
	}
	w.stales++
	return m.before
}

// Name and Close make the world the sink of its consumer, which cannot be reached at times.
func (w *soakWorld) Name() string { return "consumer" }
func (w *soakWorld) Close() error { return nil }

func (w *soakWorld) Send(ctx context.Context, event cloudevent.Event) error {
	if within(w.sinksDown, time.Now()) {
		return consumertest.ErrDown
	}
	return w.consumer.Send(ctx, event)
}

// refuse counts the calls about a message, which are bounded for each day, and says what they are refused with.
func (w *soakWorld) refuse(message msgext.Message) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.byName[message]
	m.today(w.day())
	m.calls++
	if limit := 60 + 8*m.events; m.calls == limit+1 {
		assert.Failf(w.t, "too many REST calls", "%s: more than %d in a day with %d webhooks", message.Path(), limit, m.events)
	}
	return m.code
}

func (w *soakWorld) day() int { return int(time.Since(w.began) / day) }

func (m *soakMessage) today(day int) {
	if m.callsOf != day {
		m.callsOf, m.calls, m.events = day, 0, m.events/8 // what yesterday's last webhooks are still good for
	}
}

// promised is how long a gap shows at most when all is well: until the grace time is over and the next run begins,
// one run more where that one was cut short, and a read that hangs.
const promised = 90*time.Second + time.Minute + 10*time.Second

// allowed is how long a gap may show: what was promised, what an outage takes and the backoff after it, and what is
// owed to clocks that are off and to forgeries.
func (w *soakWorld) allowed(message msgext.Message, since, now time.Time) time.Duration {
	allowed := promised
	outages := append(append(append([]window{}, w.restDown...), w.sinksDown...), w.store.down...)
	for _, o := range outages {
		after := o.to.Add(min(time.Hour, o.to.Sub(o.from)) + 3*time.Minute) // the backoff may be as long as the outage
		if since.Before(after) && now.After(o.from) {
			allowed += after.Sub(o.from) + 3*time.Minute
		}
	}
	for _, s := range w.skewed {
		if since.Before(s.to.Add(2*crookedness)) && now.After(s.from) {
			allowed += 2*crookedness + 5*time.Minute
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.byName[message]
	if w.falls {
		allowed += 5 * time.Minute // what is ahead because LatestSeq fell is dropped, and read again
	}
	if m.code != 0 {
		allowed += 100 * day // refused by code, or gone: it is given up, or waits for its read
	}
	if !m.forged.IsZero() && m.forged.After(since.Add(-10*time.Minute)) {
		allowed += max(0, m.forged.Sub(since)) + 8*time.Minute
	}
	return allowed
}

// live plays the traffic.
func (w *soakWorld) live() {
	length := w.end.Sub(w.began)
	zipf := rand.NewZipf(w.r, 1.1, 4, uint64(len(w.messages)-1))
	for w.changes < w.sizes.changes && time.Now().Before(w.end) {
		time.Sleep(time.Duration(w.draw().ExpFloat64() * float64(length) / float64(w.sizes.changes) * 1.7))
		m := w.active(zipf)
		if m == nil {
			continue
		}
		switch n := w.draw().IntN(1000); {
		case n < 100 && m.announce():
			at := time.Now()
			if w.store.Announce(context.Background(), m.Message, at, at.Add(10*time.Minute-grace)) == nil {
				w.note(m, false)
			}
		case n < 3:
			w.disband(m)
		case n < 6:
			w.setCode(m, 20023)
		case n < 9:
			w.setCode(m, 10004)
		case n < 20: // a hot poll: a webhook in every check
			for range 40 {
				w.change(m)
				time.Sleep(time.Duration(w.draw().Int64N(int64(2 * time.Second))))
			}
		case n < 500:
			w.change(m)
		default:
			for range 3 {
				w.change(m)
				time.Sleep(time.Duration(w.draw().Int64N(int64(20 * time.Second))))
			}
		}
		w.store.judgeAll()
	}
	time.Sleep(time.Until(w.end))
	w.later.Wait()
}

// draw returns the source of randomness, which RoundTrip shares.
func (w *soakWorld) draw() *rand.Rand {
	w.mu.Lock()
	defer w.mu.Unlock()
	return rand.New(rand.NewPCG(w.r.Uint64(), w.r.Uint64()))
}

func (w *soakWorld) active(zipf *rand.Zipf) *soakMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	start := int(zipf.Uint64())
	if w.r.IntN(2) == 0 {
		start = w.r.IntN(len(w.messages))
	}
	for i := range w.messages {
		m := w.messages[(start+i)%len(w.messages)]
		if m.code == 0 && now.After(m.from) && now.Before(m.to) {
			return m
		}
	}
	return nil
}

// announce reports whether the message is to be announced now, which only one that is new is.
func (m *soakMessage) announce() bool { return !m.applied }

// setCode lets every read of a message be refused from now on.
func (w *soakWorld) setCode(m *soakMessage, code int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.code = code
}

// disband lets a group go.
func (w *soakWorld) disband(m *soakMessage) {
	for _, other := range w.messages {
		if other.GroupID == m.GroupID {
			w.setCode(other, 10010)
		}
	}
}

// change makes a change, and sends its webhook with what goes wrong on the way.
func (w *soakWorld) change(m *soakMessage) {
	r := w.draw()
	operation := msgext.Set
	switch n := r.IntN(100); {
	case n < 3:
		operation = msgext.Clear
	case n < 25:
		operation = msgext.Delete
	}
	change := chatsim.Change{Message: m.Message, Operation: operation}
	if operation != msgext.Clear {
		change.KeyValues = []msgext.KeyValue{{Key: fmt.Sprint("user ", r.IntN(8)), Value: fmt.Sprint(r.IntN(4))}}
	}
	before, err := json.Marshal(w.chat.Truth(m.Message))
	require.NoError(w.t, err)
	outcome, err := w.chat.Change(change)
	require.NoError(w.t, err)
	if outcome.Version == 0 {
		return
	}
	w.changes++
	w.mu.Lock()
	m.before, m.changed, m.version = before, time.Now(), outcome.Version
	w.mu.Unlock()
	event := msgext.Event{Message: m.Message, Operation: operation, KeyValues: outcome.KeyValues, Seq: outcome.Version}
	w.setLost(m, true)
	if w.all && r.IntN(50) == 0 {
		w.forge(m, outcome.Version, r)
	}
	switch n := r.IntN(100); {
	case n < 10: // lost
	case n < 14: // late, up to an hour
		w.after(time.Duration(r.Int64N(int64(time.Hour))), func() { w.webhook(m, event, outcome.Version) })
	case n < 24: // doubled
		w.after(time.Duration(r.Int64N(int64(time.Minute))), func() { w.webhook(m, event, outcome.Version) })
		w.webhook(m, event, outcome.Version)
	case n < 25: // could not be taken in
		if w.store.Doubt(context.Background(), m.Message, time.Now(), state.FromWebhook) == nil {
			w.note(m, true)
			w.setLost(m, false)
		}
	default:
		w.webhook(m, event, outcome.Version)
	}
}

func (w *soakWorld) after(d time.Duration, f func()) {
	w.later.Go(func() {
		time.Sleep(d)
		f()
	})
}

func (w *soakWorld) setLost(m *soakMessage, lost bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.lost = lost
}

// forge sends an event that nobody made, below, at or above the truth.
func (w *soakWorld) forge(m *soakMessage, version int64, r *rand.Rand) {
	w.mu.Lock()
	m.forged = time.Now()
	w.forged++
	w.mu.Unlock()
	forged := max(1, version+r.Int64N(9)-4)
	event := msgext.Event{Message: m.Message, Operation: msgext.Set, Seq: forged, KeyValues: []msgext.KeyValue{{Key: "forged", Value: "x", Seq: forged}}}
	w.webhook(m, event, 0)
}

// note counts something of a message that has reached the store, and whether it was heard of its extensions.
func (w *soakWorld) note(m *soakMessage, heard bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard++
	m.applied, m.last = true, time.Now()
	if heard {
		m.heard = m.last
	}
	m.today(w.day())
	m.events++
}

// webhook is what the webhook function does. version is that of the truth, or 0 for a forgery.
func (w *soakWorld) webhook(m *soakMessage, event msgext.Event, version int64) {
	event.Body = body(w.t, event)
	ctx := context.Background()
	received := time.Now()
	if within(w.skewed, received) && event.Seq%3 == 0 {
		received = received.Add(crookedness) // one that is behind is set right by the RequestTime, which is Chat's
	}
	applied := w.store.Apply(ctx, event, received, state.MarkLater)
	if applied != nil {
		w.deferred(m)
	}
	if applied == nil {
		w.note(m, true)
		if version > 0 && m.version <= version {
			w.setLost(m, false)
		}
	}
	e, err := cloudevent.New(event, received)
	require.NoError(w.t, err)
	told := w.Send(ctx, e)
	if applied == nil && told == nil {
		_ = w.store.MarkSeen(ctx, event.Message, event.Version()) // the store may be down by now
	}
}

// deferred is what becomes of a message whose webhook the store alone failed: every other line is replayed by an
// operator once the outage is over.
func (w *soakWorld) deferred(m *soakMessage) {
	replay := w.draw().IntN(2) == 0
	w.mu.Lock()
	m.unheard = true
	w.mu.Unlock()
	if replay {
		w.after(20*time.Minute, func() { w.replay(m) })
	}
}

// replay is what an operator does, more than once where it fails.
func (w *soakWorld) replay(m *soakMessage) {
	for range 10 {
		err := w.straight.Replay(context.Background(), m.Message)
		if err == nil || errors.Is(err, chatapi.ErrGone) {
			w.mu.Lock()
			m.unheard, m.replayed = false, time.Now()
			w.mu.Unlock()
			return
		}
		time.Sleep(2 * time.Minute)
	}
}

// settle lets the last reads come, 7 days after the last change.
func (w *soakWorld) settle() {
	for range 8 * 24 {
		time.Sleep(time.Hour)
		w.store.judgeAll()
	}
}

// compare holds what is known against the truth.
func (w *soakWorld) compare() {
	var equal, erased, gone, unknown int
	for _, m := range w.messages {
		record, err := w.store.Store.Load(context.Background(), m.Message)
		truth := w.chat.Truth(m.Message)
		quiet := min(time.Since(m.last), time.Since(m.replayed))
		switch {
		case !m.applied:
			unknown++
		case errors.Is(err, state.ErrNotFound):
			erased++
			if m.heard.IsZero() { // only announced, and nothing came of it up to its last read
				assert.GreaterOrEqual(w.t, time.Since(m.last), 7*day, "%s: erased too soon", m.Path())
			} else {
				assert.GreaterOrEqual(w.t, time.Since(m.heard), soakRetention, "%s: erased too soon", m.Path())
			}
			if m.code == 0 && w.knowable(m) {
				assert.Equal(w.t, truth.ExtensionList, w.consumer.Reply(m.Message).ExtensionList, "%s: what the consumer of an erased message believes", m.Path())
			}
		case quiet > soakRetention+time.Hour && m.code != 10004:
			assert.Failf(w.t, "not erased", "%s: quiet for %s: %+v", m.Path(), quiet, record.Check)
		case m.code == 10004:
			known := record.State.Gap() || w.all
			assert.False(w.t, known && !record.Check.GaveUp && record.Check.Tries > 0, "%s: refused, and not given up: %+v", m.Path(), record.Check)
		case m.code != 0:
			gone++
			switch {
			case record.Check.Gone && m.unheard: // a late webhook that the store did not hear of
			case record.Check.Gone:
				assert.Empty(w.t, w.consumer.Reply(m.Message).ExtensionList, "%s: what the consumer of a gone message believes", m.Path())
			case !record.Check.GaveUp: // refused before it was gone
				assert.False(w.t, w.all, "%s: gone, and nobody knows: %+v", m.Path(), record.Check)
			}
		case w.knowable(m):
			equal++
			assert.Equal(w.t, truth.ExtensionList, record.State.Visible(), "%s: the store", m.Path())
			assert.Equal(w.t, truth.ExtensionList, w.consumer.Reply(m.Message).ExtensionList, "%s: the consumer", m.Path())
			assert.Equal(w.t, state.Settled, record.Check.Standing(), "%s: %+v", m.Path(), record.Check)
			assert.False(w.t, record.Incomplete(), m.Path())
		}
	}
	assert.Positive(w.t, equal)
	w.t.Logf("%d messages are the truth, %d are gone, %d erased, of %d nothing was ever heard", equal, gone, erased, unknown)
}

// knowable reports whether something betrays all that happened to a message. Where all are read, that is anything up
// to 7 days after something of it was heard.
func (w *soakWorld) knowable(m *soakMessage) bool {
	return !m.lost || w.all && m.changed.Sub(m.last) < 7*day-2*time.Hour // webhooks are late by an hour at most
}
