package consumertest

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/repair"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

// Simulation is one afternoon of Chat. Its webhooks go through our receiver, repair reads back what
// was lost, and the clock is simulated.
type Simulation struct {
	Seed    uint64
	Faults  chatsim.Faults
	Changes int
	ReadAll bool // MSGEXT_REPAIR_READ=all; otherwise only messages with gaps are read

	// NoReads leaves repair out: a deployment without a store.
	NoReads bool

	// Gone makes Chat recall one message at the end.
	Gone bool

	// Sink is sent everything. Budget is the receiver's, and by the real clock. It is a minute when
	// zero: then the seed determines everything, if the sink takes each event at once.
	Sink   sink.Sink
	Budget time.Duration

	// At is called before each webhook with its number and how many there are. A test may disturb
	// the sink there.
	At func(number, of int)
}

const (
	app   = "1400000000"
	token = secret.String("xxxxyyyy")
	grace = 30 * time.Second
)

// clock is the simulated one.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// direct serves Chat's calls without a network, which could be slow.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// Play runs the simulation until repair has read everything that is due soon. It returns what Chat
// has of each message, by partition key.
func (s Simulation) Play(t testing.TB) map[string][]msgext.KeyValue {
	t.Helper()
	time0 := time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)
	clock := &clock{now: time0}
	chat := chatsim.New(chatsim.Options{SDKAppID: app, Token: token, Admin: "administrator", SecretKey: "key", Now: clock.Now})
	api, err := chatapi.New(chatapi.Options{
		Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", Now: clock.Now,
		CallsPerSecond: 1e6, CallTimeout: time.Minute, HTTPClient: &http.Client{Transport: direct{chat.Handler()}},
	})
	require.NoError(t, err)
	store := memstate.New()
	quiet := slog.New(slog.DiscardHandler)
	options := receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: app, Tokens: []secret.String{token}},
		Sinks:    []sink.Sink{s.Sink}, Budget: cmp.Or(s.Budget, time.Minute), Logger: quiet, Now: clock.Now,
	}
	if !s.NoReads {
		options.Store = store
	}
	handler := receiver.New(options)
	repairer := repair.New(repair.Options{
		Store: store, SDKAppID: app, Chat: api, Sinks: []sink.Sink{s.Sink}, Grace: grace, ReadAll: s.ReadAll,
		Concurrency: 1, Logger: quiet, Now: clock.Now,
	})
	repaired := time0
	pass := func(until time.Time) { // repair runs every quarter of a minute
		for next := repaired.Add(15 * time.Second); !next.After(until); next = repaired.Add(15 * time.Second) {
			clock.set(next)
			repaired = next
			if !s.NoReads {
				_, err := repairer.Run(t.Context())
				require.NoError(t, err)
			}
		}
		clock.set(until)
	}

	plan := chat.Plan(chatsim.Workload{Seed: s.Seed, Messages: 5, Changes: s.Changes, Users: 4, Every: 4 * time.Second}, s.Faults)
	number := 0
	_, err = chat.Play(t.Context(), plan, chatsim.Player{
		Concurrency: 1,
		Wait: func(_ context.Context, until time.Time) error {
			pass(until)
			return nil
		},
		Send: func(ctx context.Context, d chatsim.Delivery) error {
			if s.At != nil {
				s.At(number, plan.Counts.Sent)
			}
			number++
			request, err := d.Request(ctx, "http://127.0.0.1/webhook")
			require.NoError(t, err)
			reply := httptest.NewRecorder()
			handler.ServeHTTP(reply, request)
			return chatsim.CheckReply(reply.Code, reply.Body.Bytes())
		},
	})
	require.NoError(t, err)
	messages := chat.Messages()
	if s.Gone {
		chat.Remove(messages[0])
	}
	pass(clock.Now().Add(15 * time.Minute))
	truth := make(map[string][]msgext.KeyValue, len(messages))
	for _, message := range messages {
		truth[message.Path()] = chat.Truth(message).ExtensionList
	}
	return truth
}

// Recorder is a sink that keeps what it is sent.
type Recorder struct {
	mu     sync.Mutex
	events []cloudevent.Event
}

// Name implements sink.Sink.
func (r *Recorder) Name() string { return "recorder" }

// Close implements sink.Sink.
func (r *Recorder) Close() error { return nil }

// Send implements sink.Sink.
func (r *Recorder) Send(_ context.Context, event cloudevent.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
	return nil
}

// Events returns what was sent, in order.
func (r *Recorder) Events() []cloudevent.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]cloudevent.Event(nil), r.events...)
}

// Keys returns the partition keys of what was sent, each once.
func (r *Recorder) Keys() []string {
	keys := make(map[string]bool)
	for _, event := range r.Events() {
		keys[event.PartitionKey()] = true
	}
	return slices.Sorted(maps.Keys(keys))
}
