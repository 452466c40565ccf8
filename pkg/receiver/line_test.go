package receiver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

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
