package receiver_test

import (
	"context"
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
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/state"
)

const (
	recallBody    = `{"CallbackCommand":"Group.CallbackAfterRecallMsg","GroupId":"g","MsgSeqList":[{"MsgSeq":1},{"MsgSeq":2}]}`
	c2cRecallBody = `{"CallbackCommand":"C2C.CallbackAfterMsgWithDraw","From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`
)

// doubts is a store that records what it is asked to doubt.
type doubts struct {
	state.Store
	doubt func(context.Context) error

	mu       sync.Mutex
	messages []msgext.Message
}

func (d *doubts) Doubt(ctx context.Context, message msgext.Message, _ time.Time, source state.Source) error {
	d.mu.Lock()
	if source == state.FromWebhook {
		d.messages = append(d.messages, message)
	}
	d.mu.Unlock()
	if d.doubt == nil {
		return nil
	}
	return d.doubt(ctx)
}

func (d *doubts) list() []msgext.Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.messages
}

var (
	recalled = []msgext.Message{{SDKAppID: "1400000000", GroupID: "g", MsgSeq: 1}, {SDKAppID: "1400000000", GroupID: "g", MsgSeq: 2}}
	both     = map[string]any{"doubted": false, "group_id": "g", "msg_seqs": []any{1.0, 2.0}}
	private  = msgext.Message{SDKAppID: "1400000000", From: "a", To: "b", MsgKey: "1_2_3"}
)

func recallRequest(body string) *http.Request {
	command := msgext.GroupRecallCommand
	if body == c2cRecallBody {
		command = msgext.C2CRecallCommand
	}
	return httptest.NewRequest(http.MethodPost, "/?"+relayedQuery(command), strings.NewReader(body))
}

// The messages of a recall are doubted, and the recall is answered as usual.
func TestReceiver_DoubtsWhatIsRecalled(t *testing.T) {
	tests := []struct {
		name, body string
		doubt      func(context.Context) error
		want       []msgext.Message
		wantFailed any
		wantNamed  map[string]any // in the line, so that a replay can make it good
		wantTook   time.Duration
	}{
		{name: "both messages", body: recallBody, want: recalled},
		{name: "the store fails", body: recallBody, doubt: fails, want: recalled[:1], wantFailed: []any{"state"}, wantNamed: both},
		{name: "the store panics", body: recallBody, doubt: panics, want: recalled[:1], wantFailed: []any{"state"}, wantNamed: both},
		{name: "the store does not answer", body: recallBody, doubt: waits, want: recalled[:1], wantFailed: []any{"state"}, wantNamed: both, wantTook: 1500 * time.Millisecond},
		{name: "one-to-one", body: c2cRecallBody, want: []msgext.Message{private}},
		{name: "one-to-one, the store fails", body: c2cRecallBody, doubt: fails, want: []msgext.Message{private}, wantFailed: []any{"state"},
			wantNamed: map[string]any{"doubted": false, "from_account": "a", "to_account": "b", "msg_key": "1_2_3"}},
		{name: "a body that names none", body: `{"GroupId":7}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &doubts{doubt: test.doubt}
				options, lines := logged(options())
				options.Now, options.Store, options.Hold = clock(), store, true
				arrived := time.Now()
				reply := httptest.NewRecorder()
				receiver.New(options).ServeHTTP(reply, recallRequest(test.body))
				assert.Equal(t, ok, reply.Body.String())
				assert.Equal(t, test.wantTook, time.Since(arrived))
				assert.Equal(t, test.want, store.list())
				line := lines.only(t)
				assert.Equal(t, "other command", line["reason"])
				assert.Equal(t, test.wantFailed, line["failed"])
				// The cause once stood nowhere, and the line passed for one of the many that are well.
				assert.Equal(t, test.wantFailed != nil, line["level"] == "WARN", line["level"])
				assert.Equal(t, test.wantFailed != nil, line["error"] != nil, line["error"])
				for _, key := range []string{"doubted", "group_id", "msg_seqs", "from_account", "to_account", "msg_key"} {
					assert.Equal(t, test.wantNamed[key], line[key], key)
				}
				assert.NotContains(t, lines.String(), "planted-value")
			})
		})
	}
}

// The backend is asked at the same time, and its answer is the reply.
func TestReceiver_DoubtsWhatIsRecalledBesideTheRelay(t *testing.T) {
	backend := relaytest.Start(t)
	for name, doubt := range map[string]func(context.Context) error{"noted": nil, "not noted": fails} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{})
			backend.AnswerBy(func(*http.Request) relaytest.Answer {
				close(asked)
				return relaytest.OK
			})
			store := &doubts{doubt: func(ctx context.Context) error {
				<-asked // the store has not delayed the backend
				if doubt == nil {
					return nil
				}
				return doubt(ctx)
			}}
			options, _ := logged(relaying(t, backend, true))
			options.Store, options.RelayBudget = store, time.Minute
			reply := httptest.NewRecorder()
			receiver.New(options).ServeHTTP(reply, recallRequest(recallBody))
			assert.Equal(t, http.StatusOK, reply.Code)
			assert.Equal(t, relaytest.OKBody, reply.Body.String())
			require.NotEmpty(t, store.list())
		})
	}
}
