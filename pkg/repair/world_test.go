package repair_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

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
	app   = "1400000000"
	grace = 30 * time.Second
)

// world is a Chat, a store and a sink on one simulated clock.
type world struct {
	mu    sync.Mutex
	now   time.Time
	chat  *chatsim.Sim
	store state.Store
	sink  *consumertest.Consumer
	api   *chatapi.Client
}

func newWorld(t *testing.T, change func(*chatsim.Options)) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC), store: memstate.New(), sink: consumertest.New()}
	options := chatsim.Options{SDKAppID: app, Token: "xxxxyyyy", Admin: "administrator", SecretKey: "key", Now: w.clock}
	if change != nil {
		change(&options)
	}
	w.chat = chatsim.New(options)
	var err error
	w.api, err = chatapi.New(chatapi.Options{
		Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", Now: w.clock,
		CallsPerSecond: 1e6, HTTPClient: &http.Client{Transport: w},
	})
	require.NoError(t, err)
	return w
}

// RoundTrip carries a call to the simulated Chat and back, without a network.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	reply := httptest.NewRecorder()
	w.chat.Handler().ServeHTTP(reply, r)
	return reply.Result(), r.Context().Err()
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) set(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

func (w *world) pass(d time.Duration) { w.set(w.clock().Add(d)) }

// repairer returns one with the world's parts, changed as told.
func (w *world) repairer(change func(*repair.Options)) *repair.Repairer {
	options := repair.Options{
		Store: w.store, SDKAppID: app, Chat: w.api, Sinks: []sink.Sink{w.sink}, Grace: grace, Now: w.clock,
		Wait:   func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, // the clock stands still
		Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&options)
	}
	return repair.New(options)
}

// run is one pass, the clock standing still.
func (w *world) run(t *testing.T, r *repair.Repairer) repair.Report {
	t.Helper()
	report, err := r.Run(t.Context())
	require.NoError(t, err)
	return report
}

// change makes a change in Chat and returns the event its webhook would carry.
func (w *world) change(t *testing.T, m msgext.Message, operation msgext.Operation, keyValues ...string) msgext.Event {
	t.Helper()
	c := chatsim.Change{Message: m, Operation: operation}
	for i := 0; i+1 < len(keyValues); i += 2 {
		c.KeyValues = append(c.KeyValues, msgext.KeyValue{Key: keyValues[i], Value: keyValues[i+1], Seq: keySeq(w.chat.Truth(m), keyValues[i])})
	}
	_, err := w.chat.Change(c)
	require.NoError(t, err)
	version := w.chat.Truth(m).LatestSeq
	event := msgext.Event{Message: m, Operation: operation, Seq: version}
	for _, kv := range c.KeyValues {
		event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: kv.Key, Value: kv.Value, Seq: version})
	}
	event.Body = body(t, event)
	return event
}

func keySeq(reply msgext.ReadReply, key string) int64 {
	for _, kv := range reply.ExtensionList {
		if kv.Key == key {
			return kv.Seq
		}
	}
	return 0
}

// receive is what the webhook function does with an event that everything accepts.
func (w *world) receive(t *testing.T, events ...msgext.Event) {
	t.Helper()
	for _, event := range events {
		require.NoError(t, w.store.Apply(t.Context(), event, w.clock(), state.MarkLater))
		e, err := cloudevent.New(event, w.clock())
		require.NoError(t, err)
		if w.sink.Send(t.Context(), e) == nil {
			require.NoError(t, w.store.MarkSeen(t.Context(), event.Message, event.Version()))
		}
	}
}

func (w *world) record(t *testing.T, m msgext.Message) state.Record {
	t.Helper()
	record, err := w.store.Load(t.Context(), m)
	require.NoError(t, err)
	return record
}
