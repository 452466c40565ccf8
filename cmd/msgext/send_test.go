package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/relaytest"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// serve runs a receiver for the app, behind a handler if one is given.
func serve(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	var handler http.Handler = receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: "1600000001", Tokens: []secret.String{"new"}},
	})
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestSend_AnswersAsTheSampleSays(t *testing.T) {
	for name, want := range map[string]string{
		"sample-group-set":   "OK: authentic",
		"sample-c2c-delete":  "OK: authentic",
		"other-before":       "OK: authentic",
		"probe":              "OK: authentic",
		"fault-negative":     "refused for its body",
		"auth-stale":         "MSGEXT_MAX_SKEW",
		"auth-wrong-sign":    "the token is another one",
		"auth-sign-twice":    "change the query",
		"method-get":         "not a POST",
		"over-sender-limits": "OK: authentic",
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := try(t, signed, "", "send", serve(t, nil)+"/chat?app=own", name)
			assert.Equal(t, exitOK, status, stdout+stderr)
			assert.Contains(t, stdout, want)
			assert.Contains(t, stdout, "It is the answer that this sample should get.")
		})
	}
}

func TestSend_BodyOfYourOwn(t *testing.T) {
	status, stdout, _ := try(t, signed, `{"CallbackCommand":"Group.CallbackAfterGroupFull"}`, "send", serve(t, nil), "-")
	assert.Equal(t, exitOK, status)
	assert.Contains(t, stdout, "standard input: Group.CallbackAfterGroupFull")
	status, _, stderr := try(t, signed, `no`, "send", serve(t, nil), "-")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, "not a JSON object with a CallbackCommand")
}

func TestSend_SaysWhatDiffers(t *testing.T) {
	foreign := func(status int, header ...string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if len(header) == 2 {
					w.Header().Set(header[0], header[1])
				}
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`{"message":"Forbidden"}`))
			})
		}
	}
	tests := []struct {
		name    string
		wrap    func(http.Handler) http.Handler
		environ []string
		want    string
	}{
		{"another token", nil, []string{"MSGEXT_SDK_APP_ID=1600000001", "MSGEXT_TOKEN=wrong"}, "the token is another one"},
		{"another app", nil, []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=new"}, "the SDKAppID is another app's"},
		{"private gateway", foreign(403), signed, "must be NONE"},
		{"redirect", foreign(302, "Location", "/elsewhere"), signed, "A redirect"},
		{"no route", foreign(404), signed, "no such path or stage"},
		{"throttled", foreign(429), signed, "Throttled"},
		{"crashed", foreign(502), signed, "got no answer from the function"},
		{"something else", foreign(200), signed, "something else answers"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := try(t, test.environ, "", "send", serve(t, test.wrap))
			assert.Equal(t, exitFailed, status)
			assert.Contains(t, stdout, test.want)
			assert.Contains(t, stderr, `not as expected: got`)
			assert.Contains(t, stderr, `want 200 {"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)
		})
	}
}

// Behind a relay the answer is the backend's, or ours where the backend gave none.
func TestSend_SaysWhoseAnswerItIs(t *testing.T) {
	backend := relaytest.Start(t)
	passOn, err := relay.New(relay.Options{URL: secret.String(backend.URL)})
	require.NoError(t, err)
	server := httptest.NewServer(receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: "1600000001", Tokens: []secret.String{"new"}}, Relay: passOn, RelayPass: true,
	}))
	t.Cleanup(server.Close)
	tests := []struct {
		name, vector string
		down         bool
		status       int
		want         string
	}{
		{"the backend's", "other-before", false, exitOK, "The app's own backend answered"},
		{"ours", "sample-group-set", false, exitOK, "It is the answer that this sample should get."},
		{"ours in its place", "other-before", true, exitFailed, "msgext answered, because the backend in MSGEXT_RELAY did not"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.down {
				backend.Stop()
			}
			status, stdout, stderr := try(t, signed, "", "send", server.URL, test.vector)
			assert.Equal(t, test.status, status, stderr)
			assert.Contains(t, stdout, test.want)
		})
	}
}

// The server's clock is two minutes behind ours, so that it refuses our signature.
func TestSend_ExplainsTheClocks(t *testing.T) {
	status, stdout, _ := try(t, signed, "", "send", serve(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(-2*time.Minute).UTC().Format(http.TimeFormat))
			query := r.URL.Query()
			query.Set("RequestTime", "1000000000")
			r.URL.RawQuery = query.Encode()
			h.ServeHTTP(w, r)
		})
	}))
	assert.Equal(t, exitFailed, status)
	assert.Regexp(t, `This machine's clock is 2m\ds ahead of the server's\. That alone makes the signature stale`, stdout)
}

// What a server refuses for other reasons than the signature is not put down to the token.
func TestSend_SaysWhichRefusalItIs(t *testing.T) {
	for _, test := range []struct {
		status int
		reply  webhook.Reply
		want   string
	}{
		{403, webhook.Fail("not authenticated"), "this machine's address is not in its MSGEXT_ALLOW_FROM"},
		{403, webhook.Fail("MSGEXT_ALLOW_UNSIGNED takes webhooks from this machine alone: Host is not loopback"), "Refused: ErrorInfo names the rule."},
		{503, webhook.Fail("not processed, our side failed"), "most often the configuration"},
		{503, webhook.Fail("too many requests at once"), "-max-requests"},
	} {
		w := httptest.NewRecorder()
		test.reply.Write(w, test.status)
		assert.Contains(t, answer{status: w.Code, body: w.Body.Bytes()}.meaning(), test.want)
	}
}

func TestSend_LateAnswer(t *testing.T) {
	late := answer{status: 200, body: []byte(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`), took: 3 * time.Second}
	assert.Contains(t, strings.Join(late.explain(), " "), "longer than the 2s that Chat waits")
}

// The output never contains what could sign another request.
func TestSend_KeepsTheSignToItself(t *testing.T) {
	url := serve(t, nil)
	for _, args := range [][]string{{"send", url}, {"send", "http://127.0.0.1:1/"}, {"send", url, "auth-wrong-sign"}} {
		status, stdout, stderr := try(t, []string{"MSGEXT_SDK_APP_ID=1600000001", "MSGEXT_TOKEN=planted"}, "", args...)
		assert.NotEqual(t, exitUsage, status, "%s", stderr)
		assert.NotRegexp(t, `Sign=|[0-9a-f]{64}|RequestTime=`, stdout+stderr)
		assert.NotContains(t, stdout+stderr, "planted")
	}
}
