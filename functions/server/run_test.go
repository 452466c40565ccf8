package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/loopback"
	"msgext/internal/processtest"
	"msgext/internal/vectortest"
)

func TestServer_RefusesAWrongStart(t *testing.T) {
	sound := []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_STATE=memory:"}
	tests := []struct {
		name    string
		environ []string
		args    []string
		want    string
	}{
		{"nothing configured", nil, nil, "MSGEXT_SDK_APP_ID: missing, for example: 1400000000\n  MSGEXT_TOKEN: missing"},
		{"no store", sound[:2], nil, "MSGEXT_STATE: missing"},
		{"half of the REST access", append(sound, "MSGEXT_CHAT_ADMIN=a"), nil, "MSGEXT_CHAT_SECRET_KEY go together"},
		{"address", sound, []string{"-addr", "8080"}, "-addr: not of the form"},
		{"admin address", sound, []string{"-admin-addr", "9090"}, "-admin-addr: not of the form"},
		{"no requests", sound, []string{"-max-requests", "0"}, "-max-requests: not 1 to 100000"},
		{"many proxies", sound, []string{"-proxies", "10"}, "-proxies: not 0 to 9"},
		{"repair all the time", sound, []string{"-repair-every", "1ms"}, "-repair-every: not 1s to 1h"},
		{"the admin's key where nothing is repaired", append(sound, "MSGEXT_CHAT_ADMIN=a", "MSGEXT_CHAT_SECRET_KEY=planted", "MSGEXT_CHAT_ENDPOINT=singapore"),
			[]string{"-on-demand"}, "MSGEXT_CHAT_SECRET_KEY: must not reach a server that is started on demand"},
		{"argument", sound, []string{"serve"}, `unexpected argument "serve"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, 2, run(t.Context(), time.Now(), test.args, test.environ, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.want)
			assert.Empty(t, stdout.String())
		})
	}
}

// The server has no console: a path below /console/ takes webhooks as any other. No token is made
// up or shown.
func TestServer_HasNoConsole(t *testing.T) {
	server := processtest.StartServer(t, binaries.Build(t, "functions/server"), []string{
		"MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_STATE=memory:",
	})
	status, reply := processtest.Exchange(t, "GET", server.URL+"/console/", "")
	assert.Equal(t, 405, status, reply)
	assert.NotContains(t, server.Greeting(), "Sign=")
	assert.Zero(t, server.Signal(t, syscall.SIGTERM))
}

func server(t *testing.T, environ []string, args ...string) *processtest.Server {
	t.Helper()
	return processtest.StartServer(t, binaries.Build(t, "functions/server"), serving(environ...), args...)
}

// Accepted webhooks are counted. The operators' address is another than the public one.
func TestServer_Operators(t *testing.T) {
	s := server(t, nil)
	sample := vectortest.Named(t, "sample-group-set")
	status, _ := processtest.Exchange(t, http.MethodPost, sample.URL(s.URL, time.Now()), sample.Request.Body)
	require.Equal(t, http.StatusOK, status)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		status, body := processtest.Exchange(t, http.MethodGet, s.Admin+path, "")
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, want, body)
		status, _ = processtest.Exchange(t, http.MethodGet, s.URL+path, "")
		assert.Equal(t, http.StatusMethodNotAllowed, status, "there it is a path of webhooks")
	}
	_, metrics := processtest.Exchange(t, http.MethodGet, s.Admin+"/metrics", "")
	assert.Contains(t, metrics, "\nmsgext_Accepted 1\n")
	assert.Contains(t, metrics, "\nmsgext_Rejected{refusal=\"other\"} 2\n")
	assert.Contains(t, s.Greeting(), `"msg":"start","version":"msgext `)
	assert.Contains(t, s.Greeting(), `"state":"memory"`)
	assert.NotContains(t, s.Greeting(), vectortest.Token.Reveal())
}

// The server is not ready while its store does not answer, but it still runs.
func TestServer_NotReadyWithoutItsStore(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	s := server(t, []string{"MSGEXT_STATE=postgres://planted:planted@" + silent.Addr().String() + "/d?sslmode=disable"})
	status, body := processtest.Exchange(t, http.MethodGet, s.Admin+"/readyz", "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "the store does not answer\n", body)
	status, _ = processtest.Exchange(t, http.MethodGet, s.Admin+"/healthz", "")
	assert.Equal(t, http.StatusOK, status)
	assert.NotContains(t, s.Greeting(), "planted")
}

// The path that takes webhooks may be a second secret. The start does not show it, nor says that
// any path takes them.
func TestServer_ShowsNoPath(t *testing.T) {
	s := server(t, []string{"MSGEXT_PATH=/planted"})
	assert.Contains(t, s.Greeting(), ": MSGEXT_PATH alone takes webhooks by POST")
	assert.NotContains(t, s.Greeting(), "planted")
}

// On an address that is not loopback the read needs a bearer token.
func TestServer_OnEveryAddress(t *testing.T) {
	const path = "/api/groups/g/messages/1/extensions"
	closed := server(t, nil, "-addr", "0.0.0.0:0")
	status, _ := processtest.Exchange(t, http.MethodGet, reachable(closed.URL)+path, "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, closed.Greeting(), "MSGEXT_READ_TOKENS is not set")
	sample := vectortest.Named(t, "sample-group-set")
	status, _ = processtest.Exchange(t, http.MethodPost, sample.URL(reachable(closed.URL), time.Now()), sample.Request.Body)
	assert.Equal(t, http.StatusOK, status)
	status, body := processtest.Exchange(t, http.MethodGet, reachable(closed.URL)+"/api/groups/test/messages/10/extensions", "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.JSONEq(t, `{"ActionStatus":"FAIL","ErrorInfo":"not found","ErrorCode":1}`, body)

	open := server(t, []string{"MSGEXT_READ_TOKENS=" + readToken}, "-addr", "0.0.0.0:0")
	status, _ = processtest.Exchange(t, http.MethodGet, reachable(open.URL)+path, "")
	assert.Equal(t, http.StatusUnauthorized, status)
}

// reachable returns the URL of this machine for a process that listens on every address.
func reachable(url string) string { return strings.Replace(url, "[::]", "127.0.0.1", 1) }

// A request under way when the process is told to stop is answered. Meanwhile the server is not
// ready. It ends with status 0 within the promised 5 s whatever clients do (three times that here,
// for a loaded machine).
func TestServer_Drains(t *testing.T) {
	entered, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-released
	}))
	t.Cleanup(backend.Close)
	// Registered first, because a failing test would otherwise wait for the backend for ever.
	t.Cleanup(release)
	s := server(t, []string{"MSGEXT_SINKS=" + backend.URL})
	sample := vectortest.Named(t, "sample-group-set")
	target := strings.TrimPrefix(sample.URL(s.URL, time.Now()), s.URL)
	// Sends half a request and no more.
	silent, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	_, err = io.WriteString(silent, "POST "+target+" HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{")
	require.NoError(t, err)
	answered := make(chan int, 1)
	go func() {
		response, err := http.Post(sample.URL(s.URL, time.Now()), "application/json", strings.NewReader(sample.Request.Body))
		if !assert.NoError(t, err) {
			answered <- 0
			return
		}
		_ = response.Body.Close()
		answered <- response.StatusCode
	}()
	<-entered
	told := time.Now()
	ended := make(chan int, 1)
	go func() { ended <- s.Stop(t) }()
	s.Await(t, "stopping")
	status, body := processtest.Exchange(t, http.MethodGet, s.Admin+"/readyz", "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "stopping\n", body)
	release()
	assert.Equal(t, http.StatusOK, <-answered)
	assert.Zero(t, <-ended)
	assert.Less(t, time.Since(told), 3*5*time.Second)
}

// By default only this machine can reach either address.
func TestParse_ServesThisMachineAlone(t *testing.T) {
	o, err := parse(nil, io.Discard)
	require.NoError(t, err)
	for _, address := range []string{o.address, o.admin} {
		host, _, err := net.SplitHostPort(address)
		require.NoError(t, err)
		assert.True(t, loopback.IsHost(host), address)
	}
}

// While the greatest number of requests is handled, another one is turned away and counted. When
// one of them ends there is room again.
func TestServer_HandlesNoMoreAtOnceThanItIsTo(t *testing.T) {
	s := server(t, nil, "-max-requests", "1")
	sample := vectortest.Named(t, "sample-group-set")
	slow, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = slow.Close() })
	target := strings.TrimPrefix(sample.URL(s.URL, time.Now()), s.URL)
	// The rest never comes.
	_, err = io.WriteString(slow, "POST "+target+" HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{")
	require.NoError(t, err)
	send := func() (int, string) {
		return processtest.Exchange(t, http.MethodPost, sample.URL(s.URL, time.Now()), sample.Request.Body)
	}
	turnedAway := 0
	require.Eventually(t, func() bool { // at the latest when the first request's wait is over
		status, reply := send()
		if status == http.StatusServiceUnavailable {
			assert.Contains(t, reply, "too many requests at once")
			turnedAway++
		}
		return turnedAway > 0
	}, 20*time.Second, time.Millisecond)
	_, metrics := processtest.Exchange(t, http.MethodGet, s.Admin+"/metrics", "")
	assert.Regexp(t, `\nmsgext_Overloaded [1-9]`, metrics)
	require.NoError(t, slow.Close())
	require.Eventually(t, func() bool { status, _ := send(); return status == http.StatusOK }, 20*time.Second, time.Millisecond)
}

// The log line of a webhook that was not accepted names its message in the form that scripts/replay
// reads.
func TestServer_ADeferredLineCanBeReplayed(t *testing.T) {
	s := server(t, []string{"MSGEXT_SINKS=http://127.0.0.1:1"}) // nothing listens there
	sample := vectortest.Named(t, "sample-group-set")
	_, reply := processtest.Exchange(t, http.MethodPost, sample.URL(s.URL, time.Now()), sample.Request.Body)
	assert.Contains(t, reply, `"ActionStatus":"FAIL"`)
	s.Await(t, `"fate":"deferred"`)
	var line struct {
		Fate    string
		GroupID string `json:"group_id"`
		MsgSeq  int64  `json:"msg_seq"`
	}
	for text := range strings.Lines(s.Greeting()) {
		if strings.Contains(text, "deferred") {
			require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		}
	}
	assert.Equal(t, "deferred", line.Fate)
	assert.Equal(t, "test", line.GroupID)
	assert.EqualValues(t, 10, line.MsgSeq)
}

// Every program prints its version, whatever its environment.
func TestPrograms_SayTheirVersion(t *testing.T) {
	for _, program := range []string{
		"functions/aws/webhook", "functions/aws/repair", "functions/aws/read", "functions/scf/webhook", "functions/scf/repair", "functions/scf/read",
		"functions/local", "functions/server", "cmd/msgext",
	} {
		status, stdout, _ := processtest.Exit(t, nil, binaries.Build(t, program), "version")
		assert.Zero(t, status, program)
		assert.Regexp(t, `^msgext \S+ go\S+ \w+/\w+\n$`, stdout, program)
	}
}
