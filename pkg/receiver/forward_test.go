package receiver_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/receiver"
	"msgext/pkg/sink"
)

func TestReceiver_OtherCommandsAreAlwaysAnsweredOK(t *testing.T) {
	tests := []struct {
		name       string
		vector     string
		forward    bool
		maxBody    int64
		send       func(context.Context) error
		wantCalls  []string
		wantReason string
		wantFailed []any
		wantTook   time.Duration
	}{
		{name: "not forwarded unless configured", vector: "other-before", wantReason: "other command"},
		{name: "forwarded", vector: "other-before", forward: true, wantReason: "other command",
			wantCalls: []string{"a com.tencent.chat.Group.CallbackBeforeSendMsg"}},
		{name: "forwarded although it is not JSON", vector: "other-not-json", forward: true, wantReason: "other command",
			wantCalls: []string{"a com.tencent.chat.Group.CallbackBeforeSendMsg"}},
		{name: "forwarding fails", vector: "other-after", forward: true, send: fails, wantReason: "other command, not forwarded",
			wantCalls: []string{"a com.tencent.chat.Group.CallbackAfterSendMsg"}, wantFailed: []any{"a"}},
		{name: "forwarding panics", vector: "other-after", forward: true, send: panics, wantReason: "other command, not forwarded",
			wantCalls: []string{"a com.tencent.chat.Group.CallbackAfterSendMsg"}, wantFailed: []any{"a"}},
		{name: "a body over the cap is acknowledged, not forwarded", vector: "other-after", forward: true, maxBody: 3,
			wantReason: "other command, not forwarded"},
		{name: "a user waits 300 ms and no longer", vector: "other-before", forward: true, send: waits, wantReason: "other command, not forwarded",
			wantCalls: []string{"a com.tencent.chat.Group.CallbackBeforeSendMsg"}, wantFailed: []any{"a"}, wantTook: 300 * time.Millisecond},
		{name: "nobody waits for an after command", vector: "other-after", forward: true, send: waits, wantReason: "other command, not forwarded",
			wantCalls: []string{"a com.tencent.chat.Group.CallbackAfterSendMsg"}, wantFailed: []any{"a"}, wantTook: 1500 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := new(journal)
				options, lines := logged(options())
				options.Now, options.ForwardOther, options.MaxBodyBytes, options.Hold = clock(), test.forward, test.maxBody, true
				options.Sinks = []sink.Sink{&fakeSink{"a", j, test.send}}
				options.Store = &fakeStore{journal: j}
				arrived := time.Now()
				reply := httptest.NewRecorder()
				receiver.New(options).ServeHTTP(reply, vectorRequest(t, test.vector, now))

				assert.Equal(t, ok, reply.Body.String())
				assert.Equal(t, test.wantTook, time.Since(arrived))
				assert.Equal(t, test.wantCalls, j.list())
				line := lines.only(t)
				assert.Equal(t, test.wantReason, line["reason"])
				if test.wantFailed == nil {
					assert.NotContains(t, line, "failed")
				} else {
					assert.Equal(t, test.wantFailed, line["failed"])
				}
				assert.NotContains(t, lines.String(), "planted-value")
			})
		})
	}
}

func TestReceiver_AnotherCommandsBodyIsNotRead(t *testing.T) {
	options, _ := logged(options())
	request := vectorRequest(t, "other-before", now)
	body := strings.NewReader(strings.Repeat("x", 2<<20))
	request.Body = &unread{t: t, Reader: body}
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, request)
	assert.Equal(t, ok, reply.Body.String())
}

type unread struct {
	t *testing.T
	*strings.Reader
}

func (u *unread) Read([]byte) (int, error) {
	assert.Fail(u.t, "read")
	return 0, nil
}
func (u *unread) Close() error { return nil }
