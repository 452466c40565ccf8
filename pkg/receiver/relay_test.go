package receiver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/relaytest"
	"msgext/internal/vectortest"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/webhook"
)

// relaying returns the options of a receiver that relays to a backend, with plenty of time for it.
func relaying(t testing.TB, backend *relaytest.Backend, pass bool) receiver.Options {
	t.Helper()
	passOn, err := relay.New(relay.Options{URL: secret.String(backend.URL)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, passOn.Close()) })
	options := options()
	options.Relay, options.RelayPass, options.RelayBudget = passOn, pass, time.Minute
	return options
}

// relayedQuery is a signed query in a form that no encoder produces.
func relayedQuery(command string) string {
	return "own=%7e+%20&SdkAppid=" + vectortest.SDKAppID + "&CallbackCommand=" + command + "&&x&contenttype=json&ClientIP=203.0.113.7" +
		"&Sign=17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061&RequestTime=1669872112"
}

const relayedBody = "{\"CallbackCommand\": \"planted-value\"}\n\x00\xff"

func relayedRequest(command string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/?"+relayedQuery(command), strings.NewReader(relayedBody))
}

func TestReceiver_RelayVectors(t *testing.T) {
	backend := relaytest.Start(t)
	for _, vector := range relaytest.Vectors() {
		for setting, want := range map[string]relaytest.Reply{"pass": vector.Pass, "allow": vector.Allow} {
			t.Run(vector.Name+", "+setting, func(t *testing.T) {
				options, lines := logged(relaying(t, backend, setting == "pass"))
				options.Hold = true // applies only to our own commands
				if vector.Waits() {
					options.RelayBudget = 500 * time.Millisecond
				}
				backend.Answer(vector.Answer)
				request := relayedRequest(vector.Command)
				if vector.Hops != "" {
					request.Header.Set(relay.HopsHeader, vector.Hops)
				}
				reply := httptest.NewRecorder()
				receiver.New(options).ServeHTTP(reply, request)

				header := reply.Result().Header // including the headers that a server adds
				assert.Equal(t, want, relaytest.Reply{
					Status: reply.Code, Body: reply.Body.String(),
					ContentType: header.Get("Content-Type"), ContentEncoding: header.Get("Content-Encoding"),
				})
				assert.Equal(t, vector.Complete && want == vector.Pass, reply.Header().Get(relay.AnsweredHeader) == "backend")
				line := lines.only(t)
				assert.Equal(t, vector.Reason, line["reason"])
				assert.NotContains(t, lines.String(), "planted-value")
				seen := backend.Requests()
				if !vector.Reaches {
					assert.Empty(t, seen)
					assert.NotContains(t, line, "relay")
					return
				}
				require.Len(t, seen, 1, "never sent twice")
				assert.Equal(t, "/backend?"+relayedQuery(vector.Command), seen[0].Target)
				if !vector.Answer.Unread {
					assert.Equal(t, relayedBody, string(seen[0].Body))
				}
				backendSays := line["relay"].(map[string]any)
				assert.Contains(t, backendSays, "duration_ms")
				if vector.Complete {
					assert.EqualValues(t, vector.Pass.Status, backendSays["status"])
					assert.Equal(t, "accepted", line["fate"])
				} else {
					assert.NotContains(t, backendSays, "status")
					assert.Equal(t, "unanswered", line["fate"])
				}
			})
		}
	}
}

// Our own commands, requests that are not authentic, the console's probe and other methods are not
// relayed.
func TestReceiver_WhatIsNotRelayed(t *testing.T) {
	backend := relaytest.Start(t)
	for _, vector := range vectortest.Load(t) {
		relayed := strings.HasPrefix(vector.Want.Reason, "other command")
		options, lines := logged(relaying(t, backend, true))
		if vector.Name == "auth-published-stale" {
			options.Now = func() time.Time { return now.Add(time.Hour) }
		}
		reply := httptest.NewRecorder()
		receiver.New(options).ServeHTTP(reply, httptest.NewRequest(vector.Request.Method, vector.URL("http://example.com", now), strings.NewReader(vector.Request.Body)))
		if relayed {
			assert.Equal(t, relaytest.OKBody, reply.Body.String(), vector.Name)
			assert.Equal(t, "relayed", lines.only(t)["reason"], vector.Name)
			assert.Len(t, backend.Requests(), 1, vector.Name)
			continue
		}
		assert.Equal(t, vector.Want.Status, reply.Code, vector.Name)
		assert.JSONEq(t, string(vector.Want.Reply), reply.Body.String(), vector.Name)
		assert.Empty(t, backend.Requests(), vector.Name)
	}
	head := httptest.NewRecorder()
	receiver.New(relaying(t, backend, true)).ServeHTTP(head, httptest.NewRequest(http.MethodHead, "/?"+relayedQuery(relaytest.Before), nil))
	assert.Equal(t, http.StatusMethodNotAllowed, head.Code)
	assert.Empty(t, backend.Requests())
}

// An app without a token relays, too.
func TestReceiver_RelaysUnsigned(t *testing.T) {
	backend := relaytest.Start(t)
	options := relaying(t, backend, true)
	options.Verifier = webhook.Verifier{SDKAppID: vectortest.SDKAppID, AllowUnsigned: true}
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, httptest.NewRequest(http.MethodPost, "/?SdkAppid="+vectortest.SDKAppID+"&CallbackCommand="+relaytest.Before, strings.NewReader("{}")))
	assert.Equal(t, relaytest.OKBody, reply.Body.String())
}

func TestReceiver_RelayBudget(t *testing.T) {
	const budget = 1500 * time.Millisecond
	tests := []struct {
		name    string
		command string
		age     time.Duration // of the process, 0 if unknown
		first   bool
		want    time.Duration
	}{
		{"before-command", relaytest.Before, 0, true, budget},
		{"Chat spells some of them Prev", "Sns.CallbackPrevFriendAdd", 0, true, budget},
		{"after-command", relaytest.After, 0, true, 500 * time.Millisecond},
		{"the first has waited for the start", relaytest.Before, 300 * time.Millisecond, true, 1200 * time.Millisecond},
		{"so has the first after-command", relaytest.After, 1200 * time.Millisecond, true, 300 * time.Millisecond},
		{"the second has not", relaytest.Before, 300 * time.Millisecond, false, budget},
		{"a process that was started ahead", relaytest.Before, time.Minute, true, budget},
	}
	for _, test := range tests {
		options := options()
		options.RelayBudget = budget
		if test.age > 0 {
			options.Started = now.Add(-test.age)
		}
		assert.Equal(t, test.want, receiver.New(options).RelayBudget(test.command, now, test.first), test.name)
	}
}

// The platform's deadline, less the time for the reply, takes precedence. So it does where the
// receiver reads the body.
func TestReceiver_RelayWithinThePlatformsDeadline(t *testing.T) {
	backend := relaytest.Start(t)
	synctest.Test(t, func(t *testing.T) { // where no time passes
		options := relaying(t, backend, true)
		options.Now, options.RelayBudget = clock(), 2*time.Hour
		deadline := time.Now().Add(time.Hour)
		ctx, cancel := context.WithDeadline(t.Context(), deadline)
		defer cancel()
		reply := &readDeadline{ResponseRecorder: httptest.NewRecorder()}
		receiver.New(options).ServeHTTP(reply, relayedRequest(relaytest.Before).WithContext(ctx))
		assert.Equal(t, relaytest.OKBody, reply.Body.String())
		assert.Equal(t, deadline.Add(-200*time.Millisecond), reply.set)
	})
}

// readDeadline keeps the read deadline that was set.
type readDeadline struct {
	*httptest.ResponseRecorder
	set time.Time
}

func (r *readDeadline) SetReadDeadline(deadline time.Time) error {
	r.set = deadline
	return nil
}

// If the client hangs up, the receiver still waits for the backend's answer.
func TestReceiver_RelayOutlivesItsClient(t *testing.T) {
	backend := relaytest.Start(t)
	options, lines := logged(relaying(t, backend, true))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	receiver.New(options).ServeHTTP(httptest.NewRecorder(), relayedRequest(relaytest.Before).WithContext(ctx))
	assert.Equal(t, "relayed", lines.only(t)["reason"])
}

// The sinks get the command at the same time as the backend, and the reply waits for none of them.
func TestReceiver_RelayAndForward(t *testing.T) {
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	tests := []struct {
		name       string
		send       func(context.Context) error
		wantFailed any
	}{
		{"accepts", nil, nil},
		{"fails", fails, []any{"a"}},
		{"panics", panics, []any{"a"}},
		{"waits for its time to be up", waits, []any{"a"}},
		{"never comes back", func(context.Context) error { <-hangs; return nil }, []any{"a"}},
	}
	backend := relaytest.Start(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			told := make(chan struct{})
			options, lines := logged(relaying(t, backend, true))
			options.ForwardOther = true
			j := new(journal)
			sent := &fakeSink{"a", j, func(ctx context.Context) error {
				defer close(told)
				if test.send == nil {
					return nil
				}
				return test.send(ctx)
			}}
			if test.name == "never comes back" || test.name == "waits for its time to be up" {
				sent.send = func(ctx context.Context) error { close(told); return test.send(ctx) }
			}
			options.Sinks = []sink.Sink{sent}
			backend.AnswerBy(func(*http.Request) relaytest.Answer {
				<-told // so that the sink comes before the reply
				answer := relaytest.OK
				answer.Trickle = time.Millisecond
				return answer
			})
			reply := httptest.NewRecorder()
			receiver.New(options).ServeHTTP(reply, relayedRequest(relaytest.Before))
			assert.Equal(t, relaytest.OKBody, reply.Body.String())
			line := lines.only(t)
			assert.Equal(t, "relayed", line["reason"])
			assert.Equal(t, test.wantFailed, line["failed"])
			assert.Equal(t, []string{"a com.tencent.chat." + relaytest.Before}, j.list())
			assert.NotContains(t, lines.String(), "planted-value")
		})
	}
}

// Forwarding to sinks ends when the backend's answer is there, not when the budget is used up.
func TestReceiver_ForwardIsGivenUpWithTheAnswer(t *testing.T) {
	backend := relaytest.Start(t)
	options := relaying(t, backend, true)
	options.ForwardOther = true
	called, ended := make(chan struct{}), make(chan error, 1)
	backend.AnswerBy(func(*http.Request) relaytest.Answer {
		<-called // a sink is not called any more once the answer is there
		return relaytest.OK
	})
	options.Sinks = []sink.Sink{&fakeSink{"a", new(journal), func(ctx context.Context) error {
		close(called)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}}}
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, relayedRequest(relaytest.Before))
	assert.Equal(t, relaytest.OKBody, reply.Body.String())
	assert.ErrorIs(t, <-ended, context.Canceled)
}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A connection from Chat must serve the next request after one that was relayed: the read deadline
// of the first must not remain.
func TestReceiver_RelayLeavesTheConnectionToChat(t *testing.T) {
	backend := relaytest.Start(t)
	options, _ := logged(relaying(t, backend, true))
	options.RelayBudget = 50 * time.Millisecond
	server := httptest.NewUnstartedServer(receiver.New(options))
	var opened atomic.Int32
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	for _, answer := range []relaytest.Answer{relaytest.OK, {End: relaytest.Hang}, relaytest.OK} {
		backend.Answer(answer)
		response, err := http.Post(server.URL+"/?"+relayedQuery(relaytest.Before), "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
	}
	assert.EqualValues(t, 1, opened.Load())
}

// Secrets in a request, in the backend's URL and in its answer must stay out of the log.
func TestReceiver_RelayLogsNoSecret(t *testing.T) {
	backend := relaytest.Start(t)
	passOn, err := relay.New(relay.Options{
		URL: secret.String(backend.URL + "?key=planted-value"), Headers: []relay.Header{{Name: "Authorization", Value: "planted-value"}},
	})
	require.NoError(t, err)
	for _, answer := range []relaytest.Answer{
		{Wire: "HTTP/1.1 200 OK\r\nContent-Type: planted-value\r\nContent-Length: 13\r\n\r\nplanted-value"},
		{Wire: "HTTP/1.1 302 planted-value\r\nLocation: https://planted-value/\r\nContent-Length: 0\r\n\r\n"},
		{Wire: "planted-value\r\n\r\n", End: relaytest.Close},
		{End: relaytest.Reset},
	} {
		backend.Answer(answer)
		options, lines := logged(options())
		options.Relay, options.RelayPass, options.Metrics = passOn, true, metric.Embedded("f")
		request := relayedRequest(relaytest.Before)
		request.Header.Set("User-Agent", "planted-value")
		receiver.New(options).ServeHTTP(httptest.NewRecorder(), request)
		lines.only(t)
		assert.False(t, bytes.Contains(lines.Bytes(), []byte("planted-value")), lines.String())
		assert.NotContains(t, lines.String(), "203.0.113.7")
		assert.NotContains(t, lines.String(), webhook.Sign(vectortest.Token, "1669872112"))
	}
}
