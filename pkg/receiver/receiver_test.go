package receiver_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
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

// A secret is placed in every part of a request. No outcome may log it.
func TestReceiver_LogsNoSecretAndNoContent(t *testing.T) {
	const plant = "7f3aplant"
	body := `{"CallbackCommand":"` + msgext.GroupCommand + `","GroupId":"g","MsgSeq":1,"OperateType":1,"Seq":1,` +
		`"ExtensionList":[{"Key":"` + plant + `key","Value":"` + plant + `value","Seq":1}],"` + plant + `":"` + plant + `"}`
	seconds := "1669872112"
	signed := url.Values{
		"SdkAppid": {vectortest.SDKAppID}, "CallbackCommand": {msgext.GroupCommand}, "RequestTime": {seconds},
		"Sign": {webhook.Sign(vectortest.Token, seconds)}, "ClientIP": {"203.0.113.77"}, "own": {plant},
	}
	with := func(change func(url.Values)) string {
		query, _ := url.ParseQuery(signed.Encode())
		change(query)
		return query.Encode()
	}
	requests := map[string]struct{ query, body string }{
		"delivered":       {signed.Encode(), body},
		"broken body":     {signed.Encode(), `{"Key":"` + plant + `"`},
		"faulty body":     {signed.Encode(), strings.Replace(body, `"Seq":1}]`, `"Seq":"`+plant+`"}]`, 1)},
		"wrong signature": {with(func(q url.Values) { q.Set("Sign", webhook.Sign("wrong", seconds)) }), body},
		"foreign app":     {with(func(q url.Values) { q.Set("SdkAppid", plant) }), body},
		"foreign command": {with(func(q url.Values) { q.Set("Sign", plant); q.Set("CallbackCommand", plant) }), body},
		"bad query":       {signed.Encode() + "&%zz=" + plant, body},
		"other command":   {with(func(q url.Values) { q.Set("CallbackCommand", "Group.CallbackAfterSendMsg") }), body},
	}
	for name, request := range requests {
		for outcome, send := range map[string]func(context.Context) error{"sink accepts": nil, "sink panics": panics, "sink fails": fails} {
			options, lines := logged(options())
			options.ForwardOther, options.Metrics = true, metric.Embedded("f")
			options.Sinks = []sink.Sink{&fakeSink{"a", new(journal), send}}
			options.Store = &doubtingStore{memstate.New(), func(ctx context.Context, _ msgext.Message, _ time.Time, _ state.Source) error {
				if send == nil {
					return nil
				}
				return send(ctx)
			}}
			r := httptest.NewRequest(http.MethodPost, "/"+plant+"?"+request.query, strings.NewReader(request.body))
			r.Header.Set("X-Forwarded-For", "203.0.113.77")
			r.Header.Set("Authorization", plant)
			reply := httptest.NewRecorder()
			receiver.New(options).ServeHTTP(reply, r)

			lines.only(t)
			for _, secret := range []string{
				plant, vectortest.Token.Reveal(), "203.0.113.77", r.RemoteAddr, "planted-value",
				webhook.Sign(vectortest.Token, seconds), webhook.Sign("wrong", seconds),
			} {
				assert.NotContains(t, lines.String(), secret, "%s, %s", name, outcome)
				assert.NotContains(t, reply.Body.String(), secret, "%s, %s", name, outcome)
			}
		}
	}
}

func TestReceiver_Line(t *testing.T) {
	options, lines := logged(options())
	options.RequestID = func(context.Context) string { return "request-1" }
	rc := receiver.New(options)
	rc.ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "sample-group-set", now))
	line := lines.only(t)
	delete(line, "time")
	assert.Equal(t, map[string]any{
		"level": "INFO", "msg": "webhook", "request_id": "request-1",
		"command": msgext.GroupCommand, "app_id": "1400000000", "group_id": "test", "msg_seq": 10.0,
		"op": "set", "version": 56.0, "fate": "accepted", "reason": "delivered", "duration_ms": 0.0, "cold": true,
	}, line)

	lines.Reset()
	rc.ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "sample-c2c-delete", now))
	line = lines.only(t)
	assert.Equal(t, false, line["cold"])
	assert.NotContains(t, line, "start_ms")
	assert.Equal(t, "93847636_1287657_1764688415", line["msg_key"])
	assert.NotContains(t, lines.String(), "jared", "accounts are personal data")
}

// If a platform starts the process for a request, the first line says how long that took.
func TestReceiver_LineOfAColdStart(t *testing.T) {
	options, lines := logged(options())
	options.Started = now.Add(-312 * time.Millisecond)
	rc := receiver.New(options)
	rc.ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "sample-group-set", now))
	assert.Equal(t, 312.0, lines.only(t)["start_ms"])
	lines.Reset()
	rc.ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "sample-group-set", now))
	assert.NotContains(t, lines.only(t), "start_ms", "it has waited for nothing")
}

// The line of a deferred webhook names the message completely. If the store alone failed, the line
// is the only trace of the message.
func TestReceiver_ADeferredLineNamesTheMessage(t *testing.T) {
	for vector, want := range map[string]map[string]any{
		"sample-group-set": {"group_id": "test", "msg_seq": 10.0},
		"sample-c2c-set":   {"from_account": "jared", "to_account": "Jonh", "msg_key": "93847636_1287657_1764688415"},
	} {
		options, lines := logged(options())
		options.Store = &fakeStore{journal: new(journal), apply: fails}
		receiver.New(options).ServeHTTP(httptest.NewRecorder(), vectorRequest(t, vector, now))
		line := lines.only(t)
		assert.Equal(t, "deferred", line["fate"])
		for key, value := range want {
			assert.Equal(t, value, line[key], key)
		}
	}
}

// A sender chooses the length of ids and commands. A group id of 900 KB once caused a line of 900
// KB.
func TestReceiver_TheLineIsBounded(t *testing.T) {
	long := strings.Repeat("日", 300_000)
	body := `{"CallbackCommand":"` + msgext.GroupCommand + `","GroupId":"` + long + `","MsgSeq":1,"OperateType":3,"Seq":1`
	seconds := "1669872112"
	for _, request := range []struct{ command, body string }{
		{msgext.GroupCommand, body + "}"}, {msgext.GroupCommand, body + `,"Seq":1}`}, {"Group." + strings.Repeat("日", 50_000), "{}"},
	} {
		options, lines := logged(options())
		query := url.Values{"SdkAppid": {vectortest.SDKAppID}, "CallbackCommand": {request.command}, "RequestTime": {seconds}, "Sign": {webhook.Sign(vectortest.Token, seconds)}}
		receiver.New(options).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/?"+query.Encode(), strings.NewReader(request.body)))
		line := lines.only(t)
		assert.Less(t, lines.Len(), 2048)
		assert.True(t, utf8.Valid(lines.Bytes()))
		if request.command == msgext.GroupCommand && line["fate"] == "accepted" {
			assert.Equal(t, strings.Repeat("日", 85)+"...", line["group_id"], "cut, and marked")
		}
	}
}

func TestReceiver_Observe(t *testing.T) {
	var seen []receiver.Observation
	options, _ := logged(options())
	options.Observe = func(o receiver.Observation) { seen = append(seen, o) }
	rc := receiver.New(options)
	rc.ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "sample-group-set", now))
	rc.ServeHTTP(httptest.NewRecorder(), vectorRequest(t, "auth-stale", now))
	require.Len(t, seen, 2)
	assert.Equal(t, "delivered", seen[0].Reason)
	assert.EqualValues(t, 56, seen[0].Event.Version())
	assert.NotEmpty(t, seen[0].Body)
	assert.ErrorIs(t, seen[1].Err, webhook.ErrStale)
	assert.Equal(t, 403, seen[1].Status)
	assert.Nil(t, seen[1].Event)
}
