package receiver_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/webhook"
)

func TestReceiver_Path(t *testing.T) {
	for path, want := range map[string]int{"/chat/5f1d": 200, "/": 404, "/chat/5f1d/": 404, "/chat/5F1D": 404} {
		options, lines := logged(options())
		options.Path = "/chat/5f1d"
		request := vectorRequest(t, "sample-group-set", now)
		request.URL.Path = path
		reply := httptest.NewRecorder()
		receiver.New(options).ServeHTTP(reply, request)
		assert.Equal(t, want, reply.Code, path)
		lines.only(t)
	}
}

// A stranger's body that never comes is not waited for. One with a length was once waited for as long
// as the server's read timeout, and as many as the server handles at once kept everybody else out.
func TestReceiver_WaitsForNoStrangersBody(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "/", readerFunc(func([]byte) (int, error) {
		assert.Fail(t, "the body is read")
		return 0, io.EOF
	}))
	request.ContentLength = 5
	options, _ := logged(options())
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, request)
	assert.Equal(t, http.StatusForbidden, reply.Code)

	server := httptest.NewServer(receiver.New(options))
	defer server.Close()
	// Not by http.Client, which waits for the end of the body even after its timeout.
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	require.NoError(t, connection.SetDeadline(time.Now().Add(20*time.Second))) // for the failure of this test
	_, err = io.WriteString(connection, "POST / HTTP/1.1\r\nHost: msgext.example\r\nTransfer-Encoding: chunked\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
}

// The console's trial of the URL is known although its length is not announced.
func TestReceiver_ProbeInChunks(t *testing.T) {
	options, lines := logged(options())
	request := httptest.NewRequest(http.MethodPost, "/", iotest.OneByteReader(strings.NewReader("")))
	require.EqualValues(t, -1, request.ContentLength)
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, request)
	assert.Equal(t, ok, reply.Body.String())
	assert.Equal(t, "probe", lines.only(t)["reason"])
}

func TestReceiver_BodyOverTheCap(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"announced": strings.NewReader(strings.Repeat(" ", 2000)),
		"in chunks": iotest.OneByteReader(strings.NewReader(strings.Repeat(" ", 2000))),
	} {
		options, lines := logged(options())
		options.MaxBodyBytes = 1999
		request := httptest.NewRequest(http.MethodPost, vectorRequest(t, "sample-group-set", now).URL.String(), body)
		reply := httptest.NewRecorder()
		receiver.New(options).ServeHTTP(reply, request)
		assert.Equal(t, http.StatusRequestEntityTooLarge, reply.Code, name)
		assert.Contains(t, reply.Body.String(), "FAIL")
		assert.Equal(t, "body too large", lines.only(t)["reason"])
	}
}

func TestReceiver_Malformed(t *testing.T) {
	options, lines := logged(options())
	reply := httptest.NewRecorder()
	receiver.New(options).Malformed(reply, httptest.NewRequest(http.MethodPost, "/", nil))
	assert.Equal(t, http.StatusBadRequest, reply.Code)
	assert.JSONEq(t, `{"ActionStatus":"FAIL","ErrorInfo":"malformed gateway event","ErrorCode":1}`, reply.Body.String())
	assert.Equal(t, "malformed gateway event", lines.only(t)["reason"])
}

func TestReceiver_NotReady(t *testing.T) {
	options, lines := logged(options())
	reply := httptest.NewRecorder()
	receiver.New(options).NotReady(errors.New("configuration: MSGEXT_TOKEN: missing")).ServeHTTP(reply, vectorRequest(t, "sample-group-set", now))
	assert.Equal(t, http.StatusServiceUnavailable, reply.Code)
	assert.Equal(t, ours, reply.Body.String())
	assert.Equal(t, "not ready", lines.only(t)["reason"])
	assert.Contains(t, lines.only(t)["error"], "MSGEXT_TOKEN: missing")
}

// A failure of our side before the command is known blocks no user: a command that is not ours is
// answered OK, and at once even if replies to our own commands are held. An earlier version
// answered FAIL/1, and a configuration with an unknown variable blocked every message of the app.
func TestReceiver_AFailureOfOurSideBlocksNoUser(t *testing.T) {
	failures := map[string]struct {
		receive    func() error
		wantStatus int // for a probe and for our own commands
		wantReason string
		wantLevel  string
	}{
		"not ready":                 {func() error { return receiver.ErrNotReady }, 503, "not ready", "ERROR"},
		"a panic":                   {func() error { panic("planted-value") }, 503, "panic", "ERROR"},
		"an unknown failure":        {func() error { return errors.New("nobody knows") }, 503, "unknown", "ERROR"},
		"a malformed gateway event": {func() error { return receiver.ErrGatewayEvent }, 400, "malformed gateway event", "WARN"},
	}
	for name, failure := range failures {
		for _, vector := range vectortest.Load(t) {
			other := strings.HasPrefix(vector.Name, "other-")
			if !other && !strings.HasPrefix(vector.Name, "probe") && !strings.HasPrefix(vector.Name, "sample-") {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				options, lines := logged(options())
				options.Now, options.Hold = clock(), true
				arrived := time.Now()
				reply := httptest.NewRecorder()
				receiver.New(options).Answer(reply, vectorRequest(t, vector.Name, now), failure.receive)

				line := lines.only(t)
				assert.Equal(t, failure.wantReason, line["reason"], "%s, %s", name, vector.Name)
				assert.Equal(t, failure.wantLevel, line["level"], "%s, %s: the operator is told all the same", name, vector.Name)
				assert.NotContains(t, lines.String(), "planted-value")
				if !other {
					assert.Equal(t, failure.wantStatus, reply.Code, "%s, %s", name, vector.Name)
					assert.Contains(t, reply.Body.String(), "FAIL", "%s, %s", name, vector.Name)
					return
				}
				assert.Equal(t, vector.Want.Status, reply.Code, "%s, %s", name, vector.Name)
				assert.JSONEq(t, string(vector.Want.Reply), reply.Body.String(), "%s, %s", name, vector.Name)
				assert.Zero(t, time.Since(arrived), "%s, %s", name, vector.Name)
			})
		}
	}
}

// Every sentinel that the packages below can return has a rule of its own.
func TestRules_CoverEverySentinel(t *testing.T) {
	const ours, others = "CallbackCommand=" + msgext.GroupCommand, "CallbackCommand=Group.CallbackBeforeSendMsg"
	tests := []struct {
		err        error
		wantStatus int
		wantFate   string
		wantSpares bool // another command
	}{
		{receiver.ErrGatewayEvent, 400, "rejected", true},
		{receiver.ErrPath, 404, "rejected", false},
		{receiver.ErrMethod, 405, "rejected", false},
		{receiver.ErrForeignAddress, 403, "rejected", false},
		{webhook.ErrQuery, 401, "rejected", false},
		{webhook.ErrRepeated, 401, "rejected", false},
		{webhook.ErrUnsigned, 401, "rejected", false},
		{webhook.ErrMalformed, 401, "rejected", false},
		{webhook.ErrNoCommand, 401, "rejected", false},
		{webhook.ErrForeignApp, 403, "rejected", false},
		{webhook.ErrStale, 403, "rejected", false},
		{webhook.ErrSignature, 403, "rejected", false},
		{webhook.ErrBodyTooLarge, 413, "rejected", false},
		{webhook.ErrBodyRead, 400, "rejected", false},
		{msgext.ErrFormat, 200, "rejected", false},
		{receiver.ErrDelivery, 200, "deferred", false},
		{receiver.ErrNotReady, 503, "deferred", true},
		{receiver.ErrEarlyPanic, 503, "deferred", true},
		{receiver.ErrPanic, 200, "deferred", false},
		{relay.ErrNoAnswer, 502, "unanswered", true},
		{relay.ErrRedirect, 502, "unanswered", true},
		{relay.ErrTooLarge, 502, "unanswered", true},
		{relay.ErrSkipped, 502, "unanswered", true},
		{relay.ErrQuery, 502, "unanswered", true},
		{receiver.ErrRelay, 502, "unanswered", true},
		{relay.ErrLoop, 508, "unanswered", false},
		{nil, 200, "accepted", false},
		{errors.New("nobody knows"), 503, "deferred", true},
	}
	for _, test := range tests {
		status, _, reply := receiver.Judge(test.err, others, true)
		assert.Equal(t, test.wantStatus, status, "%v, its status has Chat do as its console says", test.err)
		assert.Equal(t, test.err == nil, reply.ActionStatus == "OK", "%v", test.err)
		for _, query := range []string{"", ours, others} {
			status, fate, reply := receiver.Judge(test.err, query, false)
			spared := test.wantSpares && query == others
			wantStatus := test.wantStatus
			if spared {
				wantStatus = http.StatusOK
			}
			assert.Equal(t, wantStatus, status, "%v, %s", test.err, query)
			assert.Equal(t, test.wantFate, fate, "%v, %s", test.err, query)
			assert.Equal(t, fate == "accepted" || spared, reply.ActionStatus == "OK", "%v, %s", test.err, query)
			assert.Equal(t, fate == "accepted" || spared, reply.ErrorCode == 0, "%v, %s", test.err, query)
		}
	}

	ruled, tested := receiver.RuledErrors(), make(map[error]bool)
	for _, test := range tests {
		tested[test.err] = true
	}
	texts := make(map[string]bool)
	for _, err := range ruled {
		texts[err.Error()] = true
		assert.True(t, tested[err], "%v has a rule and no line above", err)
	}
	// Of readers, repair and the start.
	elsewhere := []string{"msgext.ErrPath", "msgext.ErrAddress", "relay.ErrHeader"}
	for name, text := range sentinels(t, ".", "../webhook", "../msgext", "../relay") {
		assert.True(t, texts[text] || slices.Contains(elsewhere, name), "%s has no rule", name)
	}
}

// sentinels returns the errors that the packages in folders declare, by name, with their texts.
func sentinels(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^(?:var|\t)\s*([Ee]rr\w+)\s*= errors\.New\("(.*)"\)`)
	found := make(map[string]string)
	for _, folder := range folders {
		before := len(found)
		files, err := filepath.Glob(folder + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range declaration.FindAllSubmatch(content, -1) {
				pkg, _, isSentinel := strings.Cut(string(match[2]), ": ")
				// An error whose text has no package's name is wrapped by one that has.
				if isSentinel && !strings.HasSuffix(file, "_test.go") {
					found[pkg+"."+string(match[1])] = string(match[2])
				}
			}
		}
		require.Greater(t, len(found), before, folder)
	}
	return found
}
