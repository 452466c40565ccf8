package receiver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/vectortest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/sqlitestate"
)

const (
	ok   = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`
	ours = `{"ActionStatus":"FAIL","ErrorInfo":"not processed, our side failed","ErrorCode":1}`
)

// vector returns the named vector's request.
func vectorRequest(t testing.TB, name string, at time.Time) *http.Request {
	t.Helper()
	for _, vector := range vectortest.Load(t) {
		if vector.Name == name {
			return httptest.NewRequest(vector.Request.Method, vector.URL("http://example.com", at), strings.NewReader(vector.Request.Body))
		}
	}
	require.FailNow(t, "no such vector", name)
	return nil
}

func TestReceiver_Delivery(t *testing.T) {
	const set = " com.tencent.chat.group.msgextension.set"
	type destinations struct {
		first, second, apply, markSeen func(context.Context) error
		noStore, noSink                bool
	}
	tests := []struct {
		name       string
		given      destinations
		want       string
		wantFailed []any
		wantReason string
		wantCalls  []string // of the sinks in any order
	}{
		{name: "everything accepts: the store, the sinks, the mark", want: ok, wantReason: "delivered",
			wantCalls: []string{"apply", "a" + set, "b" + set, "mark seen"}},
		{name: "without a store", given: destinations{noStore: true}, want: ok, wantReason: "delivered",
			wantCalls: []string{"a" + set, "b" + set}},
		{name: "without a sink the store writes once", given: destinations{noSink: true}, want: ok, wantReason: "delivered",
			wantCalls: []string{"apply seen"}},
		{name: "without a sink the store fails", given: destinations{noSink: true, apply: fails}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"state"}, wantCalls: []string{"apply seen"}},
		{name: "one sink fails, the others still get the event, and it is not seen", given: destinations{first: fails}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"a"}, wantCalls: []string{"apply", "a" + set, "b" + set}},
		{name: "the store fails, the sinks still get the event", given: destinations{apply: fails}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"state"}, wantCalls: []string{"apply", "a" + set, "b" + set}},
		{name: "the store does not answer, the sinks still get the event", given: destinations{apply: waits}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"state"}, wantCalls: []string{"apply", "a" + set, "b" + set}},
		{name: "the store panics, the sinks still get the event", given: destinations{apply: panics}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"state"}, wantCalls: []string{"apply", "a" + set, "b" + set}},
		{name: "only the mark fails: OK, repair settles it", given: destinations{markSeen: fails}, want: ok, wantReason: "delivered",
			wantCalls: []string{"apply", "a" + set, "b" + set, "mark seen"}},
		{name: "a sink's panic is our failure", given: destinations{second: panics}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"b"}, wantCalls: []string{"apply", "a" + set, "b" + set}},
		{name: "out of budget", given: destinations{second: waits}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"b"}, wantCalls: []string{"apply", "a" + set, "b" + set}},
		{name: "every destination that failed is named", given: destinations{apply: fails, first: fails, second: panics}, want: ours, wantReason: "not delivered",
			wantFailed: []any{"state", "a", "b"}, wantCalls: []string{"apply", "a" + set, "b" + set}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := new(journal)
				options, lines := logged(options())
				options.Now = clock()
				if !test.given.noSink {
					options.Sinks = []sink.Sink{&fakeSink{"a", j, test.given.first}, &fakeSink{"b", j, test.given.second}}
				}
				if !test.given.noStore {
					options.Store = &fakeStore{journal: j, apply: test.given.apply, markSeen: test.given.markSeen}
				}
				reply := httptest.NewRecorder()
				receiver.New(options).ServeHTTP(reply, vectorRequest(t, "sample-group-set", now))

				assert.Equal(t, http.StatusOK, reply.Code)
				assert.Equal(t, test.want, reply.Body.String())
				line := lines.only(t)
				assert.Equal(t, test.wantReason, line["reason"])
				if test.wantFailed == nil {
					assert.NotContains(t, line, "failed")
				} else {
					assert.Equal(t, test.wantFailed, line["failed"])
				}
				calls := j.list()
				assert.ElementsMatch(t, test.wantCalls, calls)
				if !test.given.noStore {
					assert.Equal(t, test.wantCalls[0], calls[0], "the store goes first")
				}
				assert.Equal(t, slices.Index(test.wantCalls, "mark seen"), slices.Index(calls, "mark seen"), "the mark goes last")
				assert.NotContains(t, lines.String(), "planted-value")
			})
		})
	}
}

// The line has the platform's invocation id and the time of each destination.
func TestReceiver_LogsTheInvocationAndTheTimeOfEachDestination(t *testing.T) {
	for _, invocation := range []string{"", "request-1", "invocation-1"} {
		synctest.Test(t, func(t *testing.T) {
			takes := func(d time.Duration) func(context.Context) error {
				return func(context.Context) error { time.Sleep(d); return nil }
			}
			options, lines := logged(options())
			options.Now = clock()
			options.RequestID = func(context.Context) string { return "request-1" }
			options.InvocationID = func(context.Context) string { return invocation }
			options.Sinks = []sink.Sink{&fakeSink{"a", new(journal), takes(20 * time.Millisecond)}, &fakeSink{"https://b.example", new(journal), takes(30 * time.Millisecond)}}
			receiver.New(options).ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "sample-group-set", now))
			line := lines.only(t)
			assert.Equal(t, "request-1", line["request_id"])
			assert.Equal(t, invocation == "invocation-1", line["invocation_id"] == "invocation-1")
			assert.Equal(t, invocation == "invocation-1", line["invocation_id"] != nil)
			assert.Equal(t, map[string]any{"a": 20.0, "https://b.example": 30.0}, line["took_ms"])
		})
	}
}

// When a sink gets an event, the store must already show it. When both were called at the same
// time, the sink was first in 64 % of 300 events, and consumers that read the store on an event saw
// the old state.
func TestReceiver_TheStoreShowsAnEventBeforeTheSinksGetIt(t *testing.T) {
	sqlite, err := sqlitestate.Open(t.Context(), filepath.Join(t.TempDir(), "msgext.db"))
	require.NoError(t, err)
	for name, store := range map[string]state.Store{"memory": memstate.New(), "sqlite": sqlite} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { assert.NoError(t, store.Close()) })
			told := 0
			reads := &readingSink{store: store, read: func(event msgext.Event, record state.Record, err error) {
				told++
				assert.NoError(t, err)
				assert.Equal(t, event.Version(), record.State.Latest)
				for key, entry := range event.Entries {
					assert.Equal(t, entry, record.State.Entries[key])
				}
				assert.True(t, record.State.Gap(), "not seen before everybody has it")
			}}
			options, _ := logged(options())
			options.Store, options.Sinks = store, []sink.Sink{reads}
			rc := receiver.New(options)
			query := vectorRequest(t, "sample-group-set", now).URL.String()
			for version := range 50 {
				body := fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":"g","MsgSeq":1,"OperateType":1,"Seq":%d,"ExtensionList":[{"Key":"k","Value":"v","Seq":%[2]d}]}`,
					msgext.GroupCommand, version+1)
				reply := httptest.NewRecorder()
				rc.ServeHTTP(reply, httptest.NewRequest(http.MethodPost, query, strings.NewReader(body)))
				require.Equal(t, ok, reply.Body.String())
			}
			assert.Equal(t, 50, told)
			record, err := store.Load(t.Context(), msgext.Message{SDKAppID: vectortest.SDKAppID, GroupID: "g", MsgSeq: 1})
			require.NoError(t, err)
			assert.False(t, record.State.Gap(), "and seen after it")
		})
	}
}

// readingSink reads the message of each event that it gets, as a consumer would.
type readingSink struct {
	store state.Store
	read  func(msgext.Event, state.Record, error)
}

func (*readingSink) Name() string { return "reader" }
func (*readingSink) Close() error { return nil }

func (s *readingSink) Send(ctx context.Context, event cloudevent.Event) error {
	change, err := event.Change()
	if err != nil {
		return err
	}
	record, err := s.store.Load(ctx, change.Message)
	s.read(change, record, err)
	return nil
}

// Repair decides by the time at which a webhook was received. So a receiver whose clock is behind
// Chat's must not report a time before Chat signed the webhook. An unsigned time is not used.
func TestReceiver_SaysWhenItReceived(t *testing.T) {
	at := func(millis int64) time.Time { return time.UnixMilli(now.Truncate(time.Second).UnixMilli() + millis) }
	tests := []struct {
		name         string
		signed, ours time.Time
		unsigned     bool
		want         time.Time
	}{
		{name: "our clock", signed: at(0), ours: at(250), want: at(250)},
		{name: "ours is behind Chat's", signed: at(30_000), ours: at(250), want: at(30_000)},
		{name: "ours is ahead of Chat's", signed: at(0), ours: at(30_250), want: at(30_250)},
		{name: "unsigned", signed: at(30_000), ours: at(250), unsigned: true, want: at(250)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options, _ := logged(options())
			options.Now = func() time.Time { return test.ours }
			if test.unsigned {
				options.Verifier.Tokens, options.Verifier.AllowUnsigned = nil, true
			}
			var told cloudevent.Event
			var heard time.Time
			options.Sinks = []sink.Sink{sinkFunc(func(event cloudevent.Event) { told = event })}
			options.Store = hearing{heard: &heard}
			reply := httptest.NewRecorder()
			receiver.New(options).ServeHTTP(reply, vectorRequest(t, "sample-group-set", test.signed))
			require.Equal(t, ok, reply.Body.String())
			assert.Equal(t, test.want.UnixMilli(), told.ReceivedMillis())
			assert.Equal(t, test.want.UnixMilli(), heard.UnixMilli(), "the store drops by the same time")
		})
	}
}

// sinkFunc is a sink that accepts everything.
type sinkFunc func(cloudevent.Event)

func (sinkFunc) Name() string { return "sink" }
func (sinkFunc) Close() error { return nil }

func (f sinkFunc) Send(_ context.Context, event cloudevent.Event) error {
	f(event)
	return nil
}

// hearing is a store that records when an event was heard.
type hearing struct {
	state.Store
	heard *time.Time
}

func (h hearing) Apply(_ context.Context, _ msgext.Event, heard time.Time, _ state.Mark) error {
	*h.heard = heard
	return nil
}

func (hearing) MarkSeen(context.Context, msgext.Message, int64) error { return nil }
