package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/internal/process"
	"msgext/internal/config"
	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/secret"
)

// A stop lets the request under way finish: its event is delivered and answered. The time for a
// reply goes on meanwhile and a loaded machine may use it up, so one of several must be in time.
func TestLocal_FinishesWhatIsInFlightWhenStopped(t *testing.T) {
	reply := ""
	for tries := 0; tries < 5 && !strings.Contains(reply, `"OK"`); tries++ {
		reply = stoppedInFlight(t)
	}
	assert.JSONEq(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`, reply)
}

// stoppedInFlight stops a process while its destination holds an event, and returns the reply.
func stoppedInFlight(t *testing.T) string {
	t.Helper()
	arrived, release := make(chan struct{}), make(chan struct{})
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	}))
	t.Cleanup(endpoint.Close)
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{
		"MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID,
		"MSGEXT_STATE=memory:", "MSGEXT_SINKS=" + endpoint.URL, "MSGEXT_REPLY_BUDGET=1900ms",
	})
	answer := make(chan string, 1)
	go func() {
		response, err := http.Post(signedURL(local.URL, vectortest.SDKAppID, vectortest.Token, time.Now()), "application/json", bytes.NewReader([]byte(sample.Changes()[0])))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-arrived
	stopped := make(chan int, 1)
	go func() { stopped <- local.Signal(t, syscall.SIGINT) }()
	refusesConnections(t, local.URL)
	close(release)
	assert.Equal(t, 0, <-stopped)
	return <-answer
}

// refusesConnections waits until the process has stopped listening.
func refusesConnections(t *testing.T, url string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	require.Eventually(t, func() bool {
		response, err := client.Get(url + "/api/")
		if err == nil {
			_ = response.Body.Close()
		}
		return err != nil
	}, 30*time.Second, 20*time.Millisecond)
}

// Where one path alone takes webhooks, the lines to paste have it. They once led to another path,
// and were answered 404.
func TestGreet_NamesThePath(t *testing.T) {
	for path, want := range map[string]string{"": "http://127.0.0.1:8080/?SdkAppid=1", "/hook": "http://127.0.0.1:8080/hook?SdkAppid=1"} {
		var greeting bytes.Buffer
		cfg := config.Config{SDKAppID: "1", Path: path, Tokens: []secret.String{"t"}}
		greet(&greeting, &process.Process{URL: "http://127.0.0.1:8080"}, cfg, true)
		assert.Equal(t, 2, strings.Count(greeting.String(), want), greeting.String())
		assert.Equal(t, path == "", strings.Contains(greeting.String(), "any path takes webhooks"))
		assert.Equal(t, path != "", strings.Contains(greeting.String(), "MSGEXT_PATH alone takes webhooks"))
	}
}
