package receiver_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/relaytest"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
)

// A failing backend is asked five times. After that the reply comes at once.
func TestReceiver_RelaySkips(t *testing.T) {
	backend := relaytest.Start(t)
	backend.Answer(relaytest.Answer{End: relaytest.Close})
	options := relaying(t, backend, true)
	options, lines := logged(options)
	options.Metrics = metric.Plain
	rc := receiver.New(options)
	for range 5 {
		lines.Reset()
		rc.ServeHTTP(httptest.NewRecorder(), relayedRequest(relaytest.Before))
		line := lines.only(t)
		assert.EqualValues(t, 1, line[metric.RelayFailed])
		assert.Contains(t, line, metric.RelayTime)
		assert.NotContains(t, line, metric.Failed, "the alarm of the destinations is not about the backend")
	}
	lines.Reset()
	reply := httptest.NewRecorder()
	rc.ServeHTTP(reply, relayedRequest(relaytest.Before))
	assert.Equal(t, http.StatusBadGateway, reply.Code)
	line := lines.only(t)
	assert.Equal(t, "relay: skipped", line["reason"])
	assert.EqualValues(t, 1, line[metric.RelaySkipped])
	assert.NotContains(t, line, metric.RelayFailed)
	assert.NotContains(t, line, metric.RelayTime)
	assert.Len(t, backend.Requests(), 5)
}

// After-commands that end early do not count as failures of the backend, so before-commands still
// reach it.
func TestReceiver_AfterCommandsDoNotOpenTheCircuit(t *testing.T) {
	backend := relaytest.Start(t)
	backend.Answer(relaytest.Answer{End: relaytest.Hang})
	options, _ := logged(relaying(t, backend, true))
	options.RelayBudget = 300 * time.Millisecond
	hurried := receiver.New(options)
	for range 6 {
		hurried.ServeHTTP(httptest.NewRecorder(), relayedRequest(relaytest.After))
	}
	backend.Answer(relaytest.OK)
	options.RelayBudget = time.Minute
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, relayedRequest(relaytest.Before))
	assert.Equal(t, relaytest.OKBody, reply.Body.String())
}

// A failure of our side with another command either leaves the decision to Chat's console setting
// or lets the command through. It never denies the command.
func TestReceiver_OurOwnTroubleWithTheRelay(t *testing.T) {
	for name, body := range map[string]func() io.Reader{
		"panic":              func() io.Reader { return readerFunc(func([]byte) (int, error) { panic("planted-value") }) },
		"body breaks off":    func() io.Reader { return iotest.ErrReader(errors.New("planted-value")) },
		"body without bound": func() io.Reader { return io.LimitReader(zeros{}, 10<<20+1) },
	} {
		for pass, want := range map[bool]int{true: 502, false: 200} {
			backend := relaytest.Start(t)
			synctest.Test(t, func(t *testing.T) {
				options, lines := logged(relaying(t, backend, pass))
				options.Now, options.Hold = clock(), true
				request := httptest.NewRequest(http.MethodPost, "/?"+relayedQuery(relaytest.Before), body())
				reply := httptest.NewRecorder()
				arrived := time.Now()
				receiver.New(options).ServeHTTP(reply, request)
				assert.Zero(t, time.Since(arrived), "at once")
				assert.Equal(t, want, reply.Code, name)
				assert.Equal(t, pass, strings.Contains(reply.Body.String(), "FAIL"), name)
				assert.Equal(t, "relay: our side failed", lines.only(t)["reason"], name)
				assert.NotContains(t, lines.String(), "planted-value", name)
				assert.Empty(t, backend.Requests(), name)
			})
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type zeros struct{}

// The receiver waits for a slow body no longer than it would for the backend. This body never ends,
// so that there is a reply at all shows it.
func TestReceiver_RelayOfABodyThatTrickles(t *testing.T) {
	backend := relaytest.Start(t)
	options, lines := logged(relaying(t, backend, true))
	options.RelayBudget = 200 * time.Millisecond
	server := httptest.NewServer(receiver.New(options))
	defer server.Close()
	never, write := io.Pipe()
	defer func() { _ = write.Close() }()
	response, err := http.Post(server.URL+"/?"+relayedQuery(relaytest.Before), "application/json", never)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	assert.Equal(t, http.StatusBadGateway, response.StatusCode)
	assert.Equal(t, "relay: our side failed", lines.only(t)["reason"])
	assert.Empty(t, backend.Requests())
}

// If the receiver is not ready, or fails before the command is known, Chat is not told OK when a
// backend decides.
func TestReceiver_NotReadyWithARelay(t *testing.T) {
	for pass, want := range map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusOK} {
		options, lines := logged(options())
		options.RelayPass = pass
		reply := httptest.NewRecorder()
		receiver.New(options).NotReady(errors.New("configuration")).ServeHTTP(reply, relayedRequest(relaytest.Before))
		assert.Equal(t, want, reply.Code)
		assert.Equal(t, "not ready", lines.only(t)["reason"])

		ours := httptest.NewRecorder()
		receiver.New(options).NotReady(errors.New("configuration")).ServeHTTP(ours, relayedRequest(msgext.GroupCommand))
		assert.Equal(t, http.StatusServiceUnavailable, ours.Code)
	}
}
