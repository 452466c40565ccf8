package receiver_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/relaytest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// announcements is a store that records what is announced.
type announcements struct {
	state.Store
	announce func(context.Context) error

	mu  sync.Mutex // a call that is given up may still be running
	got []announced
}

type announced struct {
	message msgext.Message
	at, due time.Time
}

func (a *announcements) Announce(ctx context.Context, message msgext.Message, at, due time.Time) error {
	a.mu.Lock()
	a.got = append(a.got, announced{message, at, due})
	a.mu.Unlock()
	if a.announce == nil {
		return nil
	}
	return a.announce(ctx)
}

const (
	pollBody    = `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","Type":"Public","MsgSeq":7,"MsgBody":[{"MsgContent":{"Data":"group_poll"}}]}`
	c2cPollBody = `{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"a","To_Account":"b","MsgKey":"1_2_3","MsgBody":[{"MsgContent":{"Data":"group_poll"}}]}`
)

func sentRequest(body string) *http.Request {
	command := msgext.GroupSendCommand
	if strings.Contains(body, "C2C") {
		command = msgext.C2CSendCommand
	}
	return httptest.NewRequest(http.MethodPost, "/?"+relayedQuery(command), strings.NewReader(body))
}

// A message that is to have extensions is announced to the store, and its webhook is answered as
// usual. If the store fails, the log line names the message.
func TestReceiver_Announces(t *testing.T) {
	group := msgext.Message{SDKAppID: "1400000000", GroupID: "g", MsgSeq: 7}
	c2c := msgext.Message{SDKAppID: "1400000000", From: "a", To: "b", MsgKey: "1_2_3"}
	lost := map[string]any{"announced": false, "group_id": "g", "msg_seq": 7.0, "failed": []any{"state"}, "level": "WARN"}
	tests := []struct {
		name, body string
		texts      []string
		announce   func(context.Context) error
		want       []msgext.Message
		wantLine   map[string]any
		wantTook   time.Duration
	}{
		{name: "a group's", body: pollBody, texts: []string{"group_poll"}, want: []msgext.Message{group}, wantLine: map[string]any{"level": "INFO"}},
		{name: "one-to-one", body: c2cPollBody, texts: []string{"group_poll"}, want: []msgext.Message{c2c}},
		{name: "switched off", body: pollBody},
		{name: "another text", body: pollBody, texts: []string{"task_list"}},
		{name: "the store fails", body: pollBody, texts: []string{"*"}, announce: fails, want: []msgext.Message{group}, wantLine: lost},
		{name: "the store panics", body: pollBody, texts: []string{"*"}, announce: panics, want: []msgext.Message{group}, wantLine: lost},
		{name: "the store does not answer", body: pollBody, texts: []string{"*"}, announce: waits, want: []msgext.Message{group}, wantLine: lost, wantTook: 1500 * time.Millisecond},
		{name: "the store fails, one-to-one", body: c2cPollBody, texts: []string{"*"}, announce: fails, want: []msgext.Message{c2c},
			wantLine: map[string]any{"announced": false, "from_account": "a", "to_account": "b", "msg_key": "1_2_3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &announcements{announce: test.announce}
				options, lines := logged(options())
				options.Now, options.Store, options.Announce, options.Hold = clock(), store, test.texts, true
				arrived := time.Now()
				reply := httptest.NewRecorder()
				receiver.New(options).ServeHTTP(reply, sentRequest(test.body))
				assert.Equal(t, ok, reply.Body.String())
				assert.Equal(t, test.wantTook, time.Since(arrived))
				store.mu.Lock()
				defer store.mu.Unlock()
				require.Len(t, store.got, len(test.want))
				for i, want := range test.want {
					assert.Equal(t, want, store.got[i].message)
					assert.Equal(t, 10*time.Minute, store.got[i].due.Sub(store.got[i].at))
				}
				line := lines.only(t)
				assert.Equal(t, "other command", line["reason"])
				assert.Equal(t, "accepted", line["fate"])
				for key, want := range test.wantLine {
					assert.Equal(t, want, line[key], key)
				}
				if test.announce == nil {
					assert.NotContains(t, line, "announced")
					assert.NotContains(t, line, "msg_seq")
				}
				raw, err := json.Marshal(line)
				require.NoError(t, err)
				assert.NotContains(t, string(raw), "group_poll")
				assert.NotContains(t, string(raw), "planted-value\"")
			})
		})
	}
}

// The backend is asked before the store has answered, whatever becomes of the announcement, and its
// answer is the reply, byte by byte.
func TestReceiver_AnnouncesBesideTheRelay(t *testing.T) {
	backend := relaytest.Start(t)
	for name, announce := range map[string]func(context.Context) error{"noted": nil, "not noted": fails, "panics": panics} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan string, 1)
			backend.AnswerBy(func(r *http.Request) relaytest.Answer {
				asked <- r.URL.RawQuery
				return relaytest.OK
			})
			store := &announcements{announce: func(ctx context.Context) error {
				<-asked // the store has not delayed the backend
				if announce == nil {
					return nil
				}
				return announce(ctx)
			}}
			options, _ := logged(relaying(t, backend, true))
			options.Store, options.RelayBudget, options.Announce = store, time.Minute, []string{"group_poll"}
			reply := httptest.NewRecorder()
			receiver.New(options).ServeHTTP(reply, sentRequest(pollBody))
			assert.Equal(t, http.StatusOK, reply.Code)
			assert.Equal(t, relaytest.OKBody, reply.Body.String())
			assert.Equal(t, "backend", reply.Header().Get("Msgext-Answered-By"))
			require.Len(t, store.got, 1)
		})
	}
}

// Sinks get the command, too.
func TestReceiver_AnnouncesBesideForwarding(t *testing.T) {
	told := new(forwardedTo)
	store := new(announcements)
	options, _ := logged(options())
	options.Store, options.Announce, options.Sinks, options.ForwardOther = store, []string{"group_poll"}, []sink.Sink{told}, true
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, sentRequest(pollBody))
	assert.Equal(t, ok, reply.Body.String())
	require.Len(t, store.got, 1)
	require.Len(t, told.events, 1)
}

type forwardedTo struct{ events []cloudevent.Event }

func (f *forwardedTo) Name() string { return "forwarded" }
func (f *forwardedTo) Close() error { return nil }
func (f *forwardedTo) Send(_ context.Context, event cloudevent.Event) error {
	f.events = append(f.events, event)
	return nil
}
