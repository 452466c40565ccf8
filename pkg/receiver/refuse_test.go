package receiver_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/receiver"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

var silent = slog.New(slog.DiscardHandler)

const refused = `{"ActionStatus":"FAIL","ErrorInfo":"msgext: Seq: missing","ErrorCode":1}`

// doubtingStore is a store with a configurable Doubt.
type doubtingStore struct {
	state.Store
	doubt func(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error
}

func (s *doubtingStore) Doubt(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error {
	return s.doubt(ctx, message, at, source)
}

// Our clock may be behind Chat's. A doubt, like an event, must not be recorded as heard before Chat
// signed it. With an earlier time, a read from a lagging replica could settle the doubt.
func TestReceiver_ADoubtIsHeardNoSoonerThanItWasSigned(t *testing.T) {
	options := options()
	signed := now.Add(30 * time.Second)
	doubted := false
	options.Store = &doubtingStore{doubt: func(_ context.Context, _ msgext.Message, at time.Time, _ state.Source) error {
		doubted = true
		assert.True(t, signed.Equal(at), "%s", at)
		return nil
	}}
	receiver.New(options).ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "fault-no-seq", signed))
	assert.True(t, doubted)
}

func TestReceiver_DoubtsTheMessageOfARefusedBodyBeforeItReplies(t *testing.T) {
	options, lines := logged(options())
	options.Metrics = metric.Plain
	options.Sinks = []sink.Sink{&fakeSink{"a", new(journal), panics}} // must not be called
	reply := httptest.NewRecorder()
	doubts := 0
	options.Store = &doubtingStore{doubt: func(_ context.Context, message msgext.Message, at time.Time, source state.Source) error {
		doubts++
		assert.Empty(t, reply.Body.String())
		assert.Equal(t, msgext.Message{SDKAppID: vectortest.SDKAppID, GroupID: "g", MsgSeq: 1}, message)
		assert.Equal(t, now, at)
		assert.Equal(t, state.FromWebhook, source)
		return nil
	}}
	receiver.New(options).ServeHTTP(reply, vectorRequest(t, "fault-no-seq", now))
	assert.Equal(t, 1, doubts)
	assert.Equal(t, 200, reply.Code)
	assert.JSONEq(t, refused, reply.Body.String())
	line := lines.only(t)
	assert.Equal(t, "doubted", line["effect"])
	assert.Equal(t, "rejected", line["fate"])
	assert.Equal(t, "g", line["group_id"])
	assert.EqualValues(t, 1, line["msg_seq"])
	assert.EqualValues(t, 1, line[metric.Doubted])
	assert.EqualValues(t, 1, line[metric.Rejected])
}

func TestReceiver_WithoutAStoreTheLogNamesTheMessage(t *testing.T) {
	options, lines := logged(options())
	options.Metrics = metric.Plain
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, vectorRequest(t, "fault-no-seq", now))
	assert.JSONEq(t, refused, reply.Body.String())
	line := lines.only(t)
	assert.Equal(t, "lost", line["effect"])
	assert.Equal(t, "g", line["group_id"])
	assert.NotContains(t, line, metric.Doubted)
}

// A one-to-one message is named completely only if the line is its only trace, because accounts are
// personal data.
func TestReceiver_TheLineNamesAOneToOneMessageThatIsLost(t *testing.T) {
	for effect, store := range map[string]state.Recorder{"lost": nil, "doubted": memstate.New()} {
		options, lines := logged(options())
		options.Store = store
		request := vectorRequest(t, "sample-c2c-set", now)
		body, err := io.ReadAll(request.Body)
		require.NoError(t, err)
		request.Body = io.NopCloser(bytes.NewReader(body[:len(body)-1]))
		receiver.New(options).ServeHTTP(httptest.NewRecorder(), request)
		line := lines.only(t)
		assert.Equal(t, effect, line["effect"])
		assert.NotEmpty(t, line["msg_key"])
		for _, key := range []string{"from_account", "to_account"} {
			if effect == "lost" {
				assert.NotEmpty(t, line[key])
			} else {
				assert.NotContains(t, line, key)
			}
		}
	}
}

// If the doubt cannot be stored, it is a failure of our side, and the reply is held, because Chat
// may then send the webhook again.
func TestReceiver_ADoubtThatCannotBeNoted(t *testing.T) {
	end := make(chan struct{})
	defer close(end)
	for name, doubt := range map[string]func(context.Context) error{
		"fails": fails, "panics": panics, "waits": waits, "does not hear its context": func(context.Context) error { <-end; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			options, lines := logged(options())
			options.Metrics, options.Budget = metric.Plain, 50*time.Millisecond
			options.Store = &doubtingStore{doubt: func(ctx context.Context, _ msgext.Message, _ time.Time, _ state.Source) error { return doubt(ctx) }}
			reply := httptest.NewRecorder()
			receiver.New(options).ServeHTTP(reply, vectorRequest(t, "fault-no-seq", now))
			assert.Equal(t, ours, reply.Body.String())
			line := lines.only(t)
			assert.Equal(t, "deferred", line["fate"])
			assert.Equal(t, "ERROR", line["level"])
			assert.Equal(t, "lost", line["effect"])
			assert.Equal(t, []any{"state"}, line["failed"])
			assert.Contains(t, line["error"], "msgext: Seq: missing", "why it was doubted")
			assert.NotContains(t, line, metric.Doubted)
			assert.NotContains(t, lines.String(), "planted-value")
		})
	}
	synctest.Test(t, func(t *testing.T) {
		options, _ := logged(options())
		options.Now, options.Hold = clock(), true
		options.Store = &doubtingStore{doubt: func(context.Context, msgext.Message, time.Time, state.Source) error { return context.DeadlineExceeded }}
		arrived := time.Now()
		receiver.New(options).ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "fault-no-seq", now))
		assert.Equal(t, 2500*time.Millisecond, time.Since(arrived))
	})
}

func TestReceiver_DoubtsNothingOverTheCap(t *testing.T) {
	options, lines := logged(options())
	store := memstate.New()
	options.Store, options.MaxBodyBytes = store, 100
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, vectorRequest(t, "fault-no-seq", now))
	assert.Equal(t, 413, reply.Code)
	doubts, applied := kept(t, store)
	assert.Empty(t, append(doubts, applied...))
	assert.NotContains(t, lines.only(t), "effect")
}

// FuzzReceiver_NothingAuthenticIsIgnored compares the receiver with msgexttest.Named. A webhook
// whose body identifies a message is applied, or its message is doubted. Any other webhook changes
// nothing.
func FuzzReceiver_NothingAuthenticIsIgnored(f *testing.F) {
	vectors := vectortest.Load(f)
	for _, vector := range vectors {
		f.Add([]byte(vector.Request.Body))
	}
	queries := map[string]string{}
	for _, vector := range vectors {
		switch vector.Name {
		case "sample-group-set":
			queries[msgext.GroupCommand] = vector.URL("http://example.com", now)
		case "sample-c2c-set":
			queries[msgext.C2CCommand] = vector.URL("http://example.com", now)
		}
	}
	require.Len(f, queries, 2)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 4<<10 {
			return
		}
		for command, url := range queries {
			options := options()
			store := memstate.New()
			options.Store, options.Logger = store, silent
			receiver.New(options).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", url, strings.NewReader(string(body))))
			message, named := msgexttest.Named(vectortest.SDKAppID, command, body)
			doubts, applied := kept(t, store)
			all := append(doubts, applied...)
			switch {
			case named && len(all) == 1 && all[0] == message.Path():
			case !named && len(all) == 0:
			default:
				t.Fatalf("%v %q is named, doubted are %q, applied %q", named, message.Path(), doubts, applied)
			}
		}
	})
}
