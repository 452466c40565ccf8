package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// rehearsalVariable sets the size of the rehearsal: the number of webhooks, then the stores.
// scripts/rehearsal sets it.
const rehearsalVariable = "MSGEXT_REHEARSAL"

// A day's traffic in minutes. Some messages are much busier than others. Webhooks are lost, doubled
// and reordered. The sink and the store hang, refuse and break connections, and the process that
// takes webhooks is killed. Before any repair, nothing that was acknowledged is missing at the sink
// or in the store. Then repair makes every message equal to Chat's. Without the variable it is a
// small run that needs no service.
func TestRehearsal(t *testing.T) {
	webhooks, stores := 400, []string{"sqlite"}
	if held := strings.Fields(os.Getenv(rehearsalVariable)); len(held) > 0 {
		var err error
		webhooks, err = strconv.Atoi(held[0])
		require.NoError(t, err)
		stores = held[1:]
	}
	for _, store := range stores {
		for _, platform := range []string{"server", "lambda"} {
			if store == "sqlite" && platform == "lambda" {
				continue // a function has no disk
			}
			t.Run(store+" "+platform, func(t *testing.T) { rehearse(t, platform, store, webhooks) })
		}
	}
}

// rehearsalMessages returns how many messages are changed: one for every twenty webhooks. The
// busiest gets a fifth of all changes.
func rehearsalMessages(webhooks int) int { return max(10, min(webhooks/20, 2000)) }

func rehearse(t *testing.T, platform, store string, webhooks int) {
	// Each run is an app of its own, because databases are shared.
	app := strconv.Itoa(1_400_000_000 + rand.IntN(90_000_000))
	chat := chatsim.New(chatsim.Options{SDKAppID: app, Token: proofToken, Admin: proofAdmin, SecretKey: proofKey})
	api := httptest.NewServer(chat.Handler())
	t.Cleanup(api.Close)
	s := newRehearsalSink(t)
	way := wayTo(t, store)
	variables := append(environ(map[string]string{
		"MSGEXT_SDK_APP_ID": app, "MSGEXT_TOKEN": proofToken, "MSGEXT_STATE": way.location, "MSGEXT_SINKS": s.url,
	}), way.environ...)
	taker := newTaker(t, platform, variables)

	plan := chat.Plan(chatsim.Workload{Seed: 1, Messages: rehearsalMessages(webhooks), Changes: webhooks, Zipf: 1.2},
		chatsim.Faults{Seed: 1, Drop: 0.01, Duplicate: 0.02, Reorder: 0.02})
	acknowledged := &acknowledged{}
	script := newScript(t, webhooks, outages(s, way, taker))
	began := time.Now()
	report, err := chat.Play(t.Context(), plan, chatsim.Player{Concurrency: atOnce, Retries: 1, Send: func(ctx context.Context, d chatsim.Delivery) error {
		script.next()
		started := time.Now()
		err := taker.send(ctx, d)
		if err == nil {
			acknowledged.note(d, time.Since(started))
		}
		return err
	}})
	require.NoError(t, err)
	script.end()
	took := time.Since(began)

	require.NotEmpty(t, acknowledged.deliveries)
	for _, outage := range script.outages {
		assert.Equal(t, script.rounds, outage.held, "%s", outage.name)
	}
	opened := openStore(t, way.direct)
	missing := acknowledged.missing(t, s, opened)
	assert.Empty(t, missing, "what was acknowledged is missing")
	heard := heardOf(t, opened, chat.Messages())

	mended := time.Now()
	taker.repair(t, append(variables, environ(map[string]string{
		"MSGEXT_CHAT_ENDPOINT": api.URL, "MSGEXT_CHAT_ADMIN": proofAdmin, "MSGEXT_CHAT_SECRET_KEY": proofKey,
		"MSGEXT_REPAIR_GRACE": "1s", "MSGEXT_REPAIR_READ": "all",
	})...))
	awaitTruth(t, chat, heard, s, readFrom(t, way.direct))
	t.Logf("%s on %s: %d webhooks of %d messages, %d of them never heard of, in %v, %.0f a second; %d acknowledged, %d not (%d of them after 2 s), %d lost on the way; reply %s; none missing; all as Chat has it %v later",
		platform, store, report.Delivered+report.Failed, rehearsalMessages(webhooks), len(chat.Messages())-len(heard), took.Round(time.Second), float64(report.Delivered+report.Failed)/took.Seconds(),
		report.Delivered, report.Failed, report.TimeOuts, report.Dropped, acknowledged.times(), time.Since(mended).Round(time.Second))
}

// heardOf returns the messages that the store knows. For the others every webhook was lost or not
// acknowledged, so that repair cannot know them. The log of deferred webhooks names them.
func heardOf(t *testing.T, store state.Loader, messages []msgext.Message) (heard []msgext.Message) {
	t.Helper()
	for _, message := range messages {
		_, err := load(t, store, message)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		require.NoError(t, err)
		heard = append(heard, message)
	}
	return heard
}

// load loads a message. It tries again, because after a rehearsal the store may still be busy.
func load(t *testing.T, store state.Loader, message msgext.Message) (record state.Record, err error) {
	t.Helper()
	for range 60 {
		record, err = store.Load(t.Context(), message)
		if err == nil || errors.Is(err, state.ErrNotFound) {
			return record, err
		}
		pause(t, time.Second)
	}
	return record, err
}

// awaitTruth waits until the store and the sink's consumer show of every message what Chat has.
func awaitTruth(t *testing.T, chat *chatsim.Sim, messages []msgext.Message, s *rehearsalSink, read func(context.Context, msgext.Message) (msgext.ReadReply, error)) {
	t.Helper()
	differing := messages
	for deadline := time.Now().Add(10 * time.Minute); ; {
		var still []msgext.Message
		for _, message := range differing {
			truth := chat.Truth(message)
			got, err := read(t.Context(), message)
			if err != nil || !reflect.DeepEqual(truth, got) || !reflect.DeepEqual(truth, s.Reply(message)) {
				still = append(still, message)
			}
		}
		if differing = still; len(differing) == 0 {
			return
		}
		require.False(t, time.Now().After(deadline), "%d messages are not as Chat has them, one of them %s", len(differing), differing[0].Path())
		pause(t, 500*time.Millisecond)
	}
}

// acknowledged holds the webhooks that were answered with OK. It is safe for concurrent use.
type acknowledged struct {
	mu         sync.Mutex
	deliveries []chatsim.Delivery
	took       []time.Duration
}

func (a *acknowledged) note(d chatsim.Delivery, took time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deliveries, a.took = append(a.deliveries, d), append(a.took, took)
}

// missing returns which acknowledged changes the sink did not get or the store does not have.
func (a *acknowledged) missing(t *testing.T, s *rehearsalSink, store state.Loader) (missing []string) {
	t.Helper()
	taken := make(map[string]bool)
	for _, event := range s.Taken() {
		taken[event.ID()] = true
	}
	records := make(map[msgext.Message]msgext.State)
	for _, d := range a.deliveries {
		event, err := msgext.Decode(d.Message.SDKAppID, d.Command, d.Body)
		require.NoError(t, err)
		told, err := cloudevent.New(event, time.Now())
		require.NoError(t, err)
		if !taken[told.ID()] {
			missing = append(missing, "at the sink: "+told.ID())
		}
		if _, loaded := records[d.Message]; !loaded {
			record, err := load(t, store, d.Message)
			require.NoError(t, err, "a message of which something was acknowledged")
			records[d.Message] = record.State
		}
		if !holds(records[d.Message], event) {
			missing = append(missing, "in the store: "+told.ID())
		}
	}
	return missing
}

// holds reports whether a state has the changes of an event, or newer ones in their place.
func holds(s msgext.State, event msgext.Event) bool {
	if event.Operation == msgext.Clear {
		return s.Clear >= event.Seq
	}
	for key, entry := range event.Entries {
		if have, found := s.Entries[key]; !found || have.Before(entry) {
			return false
		}
	}
	return true
}

// times describes how long the replies took.
func (a *acknowledged) times() string {
	slices.Sort(a.took)
	at := func(share float64) time.Duration {
		return a.took[int(share*float64(len(a.took)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v, slowest %v", at(0.5), at(0.99), at(1))
}
