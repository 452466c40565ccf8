package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/relaytest"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

var binaries *processtest.Builder

func TestMain(m *testing.M) {
	os.Exit(processtest.Main(m, func(b *processtest.Builder) { binaries = b }))
}

// try runs the command.
func try(t *testing.T, environ []string, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	status = run(t.Context(), args, console{environ, strings.NewReader(stdin), &out, &errors})
	return status, out.String(), errors.String()
}

var app = []string{"MSGEXT_SDK_APP_ID=1600000001", "MSGEXT_TOKEN=new old"}

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
			status, stdout, stderr := try(t, app, "", "send", serve(t, nil)+"/chat?app=own", name)
			assert.Equal(t, exitOK, status, stdout+stderr)
			assert.Contains(t, stdout, want)
			assert.Contains(t, stdout, "It is the answer that this sample should get.")
		})
	}
}

func TestSend_BodyOfYourOwn(t *testing.T) {
	status, stdout, _ := try(t, app, `{"CallbackCommand":"Group.CallbackAfterGroupFull"}`, "send", serve(t, nil), "-")
	assert.Equal(t, exitOK, status)
	assert.Contains(t, stdout, "standard input: Group.CallbackAfterGroupFull")
	status, _, stderr := try(t, app, `no`, "send", serve(t, nil), "-")
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
		{"private gateway", foreign(403), app, "must be NONE"},
		{"redirect", foreign(302, "Location", "/elsewhere"), app, "A redirect"},
		{"no route", foreign(404), app, "no such path or stage"},
		{"throttled", foreign(429), app, "Throttled"},
		{"crashed", foreign(502), app, "got no answer from the function"},
		{"something else", foreign(200), app, "something else answers"},
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

// Behind a relay the answer is the backend's, or ours in its place.
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
			status, stdout, stderr := try(t, app, "", "send", server.URL, test.vector)
			assert.Equal(t, test.status, status, stderr)
			assert.Contains(t, stdout, test.want)
		})
	}
}

// The server's clock is two minutes behind ours, and refuses what we sign.
func TestSend_ExplainsTheClocks(t *testing.T) {
	status, stdout, _ := try(t, app, "", "send", serve(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(-2*time.Minute).UTC().Format(http.TimeFormat))
			query := r.URL.Query()
			query.Set("RequestTime", "1000000000")
			r.URL.RawQuery = query.Encode()
			h.ServeHTTP(w, r)
		})
	}))
	assert.Equal(t, exitFailed, status)
	assert.Regexp(t, `This machine's clock is 2m[01]s ahead of the server's\. That alone makes the signature stale`, stdout)
}

func TestSend_LateAnswer(t *testing.T) {
	late := answer{status: 200, body: []byte(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`), took: 3 * time.Second}
	assert.Contains(t, strings.Join(late.explain(), " "), "longer than the 2s that Chat waits")
}

// What is printed never carries what would sign another request.
func TestSend_KeepsTheSignToItself(t *testing.T) {
	url := serve(t, nil)
	for _, args := range [][]string{{"send", url}, {"send", "http://127.0.0.1:1/"}, {"send", url, "auth-wrong-sign"}} {
		status, stdout, stderr := try(t, []string{"MSGEXT_SDK_APP_ID=1600000001", "MSGEXT_TOKEN=planted"}, "", args...)
		assert.NotEqual(t, exitUsage, status, "%s", stderr)
		assert.NotRegexp(t, `Sign=|[0-9a-f]{64}|RequestTime=`, stdout+stderr)
		assert.NotContains(t, stdout+stderr, "planted")
	}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		args    []string
		status  int
		want    string
	}{
		{"nothing", app, nil, exitUsage, "usage:"},
		{"unknown", app, []string{"other"}, exitUsage, "usage:"},
		{"no URL", app, []string{"send"}, exitUsage, "usage:"},
		{"no scheme", app, []string{"send", "example.com"}, exitUsage, "https://"},
		{"no token", nil, []string{"send", "http://127.0.0.1:1"}, exitUsage, "MSGEXT_TOKEN"},
		{"no sample", app, []string{"send", "http://127.0.0.1:1", "none"}, exitUsage, "sample-group-set"},
		{"no function", app, []string{"invoke", "other", "binary"}, exitUsage, "usage:"},
		{"no way", app, []string{"sam", "build", "other", "program"}, exitUsage, "usage:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, _, stderr := try(t, test.environ, "", test.args...)
			assert.Equal(t, test.status, status)
			assert.Contains(t, stderr, test.want)
		})
	}
}

func TestInvoke(t *testing.T) {
	webhookBinary, repairBinary := binaries.Build(t, "functions/scf/webhook"), binaries.Build(t, "functions/scf/repair")
	tests := []struct {
		name    string
		environ []string
		stdin   string
		args    []string
		status  int
		want    string
	}{
		{"made up", nil, "", []string{"webhook", webhookBinary}, exitOK, `\"OK\"`},
		{"as configured", append(app, "MSGEXT_PATH=/secret"), "", []string{"webhook", webhookBinary, "sample-group-clear"}, exitOK, "com.tencent.chat.group.msgextension.cleared"},
		{"refused", app, "", []string{"webhook", webhookBinary, "auth-stale"}, exitOK, "403"},
		{"an event", app, `{"httpMethod":"GET"}`, []string{"webhook", webhookBinary, "-"}, exitOK, "405"},
		{"configured wrong", append(app, "MSGEXT_SINKS=sqs://q"), "", []string{"webhook", webhookBinary}, exitFailed, "MSGEXT_SINKS"},
		{"repair without its variables", app, "", []string{"repair", repairBinary}, exitFailed, "MSGEXT_CHAT_SECRET_KEY: missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := try(t, test.environ, test.stdin, append([]string{"invoke"}, test.args...)...)
			assert.Equal(t, test.status, status, stdout+stderr)
			assert.Contains(t, stdout+stderr, test.want)
		})
	}
}

// A check that cannot fail is none: a function that answers otherwise, or delivers nothing, is found out.
func TestSAM_FindsWhatDiffers(t *testing.T) {
	response := func(status, body string) invoker {
		return func(context.Context, []byte) ([]byte, error) {
			return []byte(`{"statusCode":` + status + `,"body":"` + body + `"}`), nil
		}
	}
	const ok = `{\"ActionStatus\":\"OK\",\"ErrorInfo\":\"\",\"ErrorCode\":0}`
	var output bytes.Buffer
	require.ErrorIs(t, checkWebhook(t.Context(), response("500", ok), &output), errDiffers)
	require.ErrorIs(t, checkWebhook(t.Context(), response("200", "{}"), &output), errDiffers)
	err := checkWebhook(t.Context(), response("200", ok), &output)
	require.ErrorIs(t, err, errDiffers, "what is stale must be refused")
	assert.Contains(t, err.Error(), "stale")
	require.ErrorIs(t, checkDelivered("", &output), errDiffers)
	for _, report := range []string{`{"errorMessage":"store unreachable","errorType":"errorString"}`, `{}`, `{"Checked":1,"Open":0}`, ``} {
		require.ErrorIs(t, checkRepair(t.Context(), func(context.Context, []byte) ([]byte, error) { return []byte(report), nil }, &output), errDiffers, report)
	}
}
