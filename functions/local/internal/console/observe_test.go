package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/local/internal/console"
	"msgext/internal/outbound"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/webhook"
)

func TestObserve_Accepted(t *testing.T) {
	p := start(t, nil)
	p.set(t, 9007199254740993, "k", "v")
	got := get[list](t, p, "deliveries").Entries
	require.Len(t, got, 1)
	assert.Equal(t, entry{
		ID: 1, Method: "POST", Command: msgext.GroupCommand, Message: message.Path(), Label: "test / 10",
		Operation: "set", Version: "9007199254740993", Fate: "accepted", Reason: "delivered", Status: 200, Keys: 1,
		Changes: []changed{{"k", "v"}},
	}, got[0], "and its version is exact, though no script's number")
	one := get[entry](t, p, "deliveries/1")
	require.NotNil(t, one.Body)
	assert.Equal(t, setBody(9007199254740993, "k", "v"), *one.Body)
	assert.True(t, one.Whole)
	assert.True(t, one.Again)
}

// The view shows what helps to find why a signature never verifies. It shows neither the Sign nor
// the token.
func TestObserve_RefusedShowsRuleAndFormOnly(t *testing.T) {
	sign := strings.Repeat("ab", 32)
	now := time.Now().Unix()
	good := url.Values{"SdkAppid": {appID}, "CallbackCommand": {msgext.GroupCommand}, "RequestTime": {fmt.Sprint(now)}, "Sign": {sign}}
	with := func(change func(url.Values)) string {
		values := url.Values{}
		for name, value := range good {
			values[name] = value
		}
		change(values)
		return values.Encode()
	}
	tests := []struct {
		name, query, rule, parameter, given string
	}{
		{"wrong", good.Encode(), webhook.ErrSignature.Error(), "Sign", "64 lower-case hex digits"},
		{"upper case", with(func(v url.Values) { v.Set("Sign", strings.ToUpper(sign)) }), webhook.ErrMalformed.Error(), "Sign", "64 hex digits, not all lower-case"},
		{"short", with(func(v url.Values) { v.Set("Sign", "xyz") }), webhook.ErrMalformed.Error(), "Sign", "3 bytes"},
		{"missing", with(func(v url.Values) { v.Del("Sign") }), webhook.ErrUnsigned.Error(), "Sign", "missing"},
		{"empty", with(func(v url.Values) { v.Set("Sign", "") }), webhook.ErrUnsigned.Error(), "Sign", "empty"},
		{"in another case", with(func(v url.Values) { v.Del("Sign"); v.Set("sign", sign) }), webhook.ErrUnsigned.Error(), "Sign", "missing, but given as sign"},
		{"twice", good.Encode() + "&Sign=" + sign, webhook.ErrRepeated.Error(), "Sign", "given 2 times"},
		{"stale", with(func(v url.Values) { v.Set("RequestTime", fmt.Sprint(now-3600)) }), webhook.ErrStale.Error(), "RequestTime", "10 digits, 36"},
		{"one digit", with(func(v url.Values) { v.Set("RequestTime", "1") }), webhook.ErrMalformed.Error(), "RequestTime", "1 digit"},
		{"bad escape", good.Encode() + "&CallbackCommand=%zz", webhook.ErrQuery.Error(), "CallbackCommand", "given 2 times"},
		{"foreign", with(func(v url.Values) { v.Set("SdkAppid", "1") }), webhook.ErrForeignApp.Error(), "SdkAppid", "1 digit"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, nil)
			response, err := http.Post(p.URL+"/?"+test.query, "application/json", strings.NewReader(`{"secret":"value"}`))
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())

			response, err = http.Get(p.URL + "/console/deliveries/1")
			require.NoError(t, err)
			defer response.Body.Close()
			raw, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			for _, never := range []string{sign, strings.ToUpper(sign), webhookToken.Reveal(), "secret"} {
				assert.NotContains(t, string(raw), never)
			}
			var one entry
			require.NoError(t, json.Unmarshal(raw, &one))
			assert.Equal(t, "rejected", one.Fate)
			assert.Equal(t, strings.TrimPrefix(test.rule, "webhook: "), one.Rule)
			assert.NotEmpty(t, one.Advice)
			assert.Nil(t, one.Body)
			assert.False(t, one.Again)
			assert.Empty(t, one.Command)
			require.Len(t, one.Parameters, 4)
			for _, parameter := range one.Parameters {
				if parameter.Name == test.parameter {
					assert.Contains(t, parameter.Given, test.given)
				}
			}
		})
	}
}

func TestObserve_KeepsTheLastThousand(t *testing.T) {
	c := console.New(console.Options{SDKAppID: appID})
	for n := range 1500 {
		c.Observe(receiver.Observation{Request: httptest.NewRequest(http.MethodPost, "/", nil), Fate: "rejected", Reason: "unsigned", Status: n, Err: webhook.ErrUnsigned})
	}
	read := func(path string) (int, list) {
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/console/"+path, nil))
		var got list
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
		return w.Code, got
	}
	_, got := read("deliveries")
	require.Len(t, got.Entries, 1000)
	assert.EqualValues(t, 1500, got.Entries[0].ID, "newest first")
	assert.EqualValues(t, 501, got.Entries[999].ID)
	assert.EqualValues(t, 1500, got.Counters.Received, "counted since the start")
	assert.EqualValues(t, 1500, got.Counters.Reasons["unsigned"])

	_, got = read("deliveries?after=1498")
	assert.Len(t, got.Entries, 2)
	assert.False(t, got.Reset)
	_, got = read("deliveries?after=499")
	assert.True(t, got.Reset, "number 500 is gone")
	for path, want := range map[string]int{"deliveries/500": 404, "deliveries/501": 200, "deliveries/1500": 200, "deliveries/1501": 404, "deliveries/0": 404, "deliveries/x": 404, "deliveries?after=x": 400} {
		status, _ := read(path)
		assert.Equal(t, want, status, path)
	}
}

func TestObserve_KeepsABoundedPartOfABody(t *testing.T) {
	c := console.New(console.Options{SDKAppID: appID})
	body := bytes.Repeat([]byte("x"), 1<<20)
	c.Observe(receiver.Observation{Request: httptest.NewRequest(http.MethodPost, "/", nil), Fate: "accepted", Command: strings.Repeat("c", 1<<20), Body: body})
	body[0] = 'y' // the receiver may use the buffer again
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/console/deliveries/1", nil))
	var one entry
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &one))
	assert.Equal(t, strings.Repeat("x", 64<<10), *one.Body)
	assert.False(t, one.Whole)
	assert.False(t, one.Again, "a part is never sent again")
	assert.Less(t, len(one.Command), 2<<10)
}

// For a command that the app's backend answers, the view shows both answers: the backend's, and the
// reply to Chat.
func TestObserve_BothAnswers(t *testing.T) {
	p := start(t, nil)
	answer := &relay.Answer{Status: 503, Body: []byte("out of order \xff")}
	for _, said := range []*receiver.Backend{nil, {Took: 3 * time.Millisecond}, {Took: 12 * time.Millisecond, Answer: answer}} {
		p.Observe(receiver.Observation{
			Request: httptest.NewRequest(http.MethodPost, "/", nil), Command: "C2C.CallbackBeforeSendMsg", Fate: "accepted", Status: 200, Backend: said,
		})
	}
	got := get[list](t, p, "deliveries").Entries
	require.Len(t, got, 3)
	assert.Equal(t, &backend{503, 12, "out of order \ufffd"}, got[0].Backend)
	assert.Equal(t, 200, got[0].Status)
	assert.Equal(t, &backend{0, 3, ""}, got[1].Backend)
	assert.Nil(t, got[2].Backend)
}

// Every refusal that a person can do something about has advice, and the page has its text. An
// address that MSGEXT_ALLOW_FROM lacks once had none.
func TestObserve_AdvisesOnEveryRefusal(t *testing.T) {
	texts, err := os.ReadFile("static/en.js")
	require.NoError(t, err)
	for _, refusal := range []error{
		receiver.ErrPath, receiver.ErrMethod, receiver.ErrForeignAddress, receiver.ErrNoAddress, receiver.ErrNotReady, receiver.ErrDelivery,
		webhook.ErrQuery, webhook.ErrRepeated, webhook.ErrUnsigned, webhook.ErrMalformed, webhook.ErrNoCommand, webhook.ErrForeignApp,
		webhook.ErrStale, webhook.ErrSignature, webhook.ErrBodyTooLarge, webhook.ErrBodyRead, msgext.ErrFormat,
		relay.ErrNoAnswer, relay.ErrRedirect, relay.ErrTooLarge, relay.ErrSkipped, relay.ErrLoop,
	} {
		p := start(t, nil)
		p.Observe(receiver.Observation{Request: httptest.NewRequest(http.MethodPost, "/", nil), Fate: "rejected", Err: fmt.Errorf("wrapped: %w", refusal)})
		advice := get[entry](t, p, "deliveries/1").Advice
		require.NotEmpty(t, advice, refusal)
		assert.Contains(t, string(texts), "\n    "+advice+":", refusal)
	}
}

// The view says what Chat was told, whatever the fate. It once said FAIL of a command that the
// backend did not answer and that was let through, and OK of every answer of the backend's.
func TestObserve_WhatChatWasTold(t *testing.T) {
	for _, test := range []struct {
		fate    string
		status  int
		info    string
		backend int // the status of its answer, 0 for none
		want    string
	}{
		{"accepted", 200, "", 0, "OK"},
		{"rejected", 403, "not authenticated", 0, "FAIL"},
		{"deferred", 200, "not processed, our side failed", 0, "FAIL"},
		{"deferred", 200, "", 0, "OK"}, // another command, not ready
		{"unanswered", 502, "the backend gave no answer", 0, "FAIL"},
		{"unanswered", 200, "", 0, "OK"}, // MSGEXT_RELAY_ON_FAILURE=allow
		{"accepted", 200, "", 500, "OK"}, // likewise
		{"accepted", 200, "", 200, ""},
		{"accepted", 500, "", 500, ""},
	} {
		p := start(t, nil)
		o := receiver.Observation{Request: httptest.NewRequest(http.MethodPost, "/", nil), Fate: test.fate, Status: test.status, ErrorInfo: test.info}
		if test.backend != 0 {
			o.Backend = &receiver.Backend{Answer: &relay.Answer{Status: test.backend, Body: []byte("said")}}
		}
		p.Observe(o)
		assert.Equal(t, test.want, get[entry](t, p, "deliveries/1").Answer, "%+v", test)
	}
}

// fakeSink accepts at the given try, or never.
type fakeSink struct {
	name    string
	accepts int // the number of the try, 0 for never
}

func (s fakeSink) Name() string { return s.name }
func (fakeSink) Close() error   { return nil }
func (s fakeSink) Send(ctx context.Context, _ cloudevent.Event) error {
	try := 0
	return outbound.Policy{Tries: 3}.Do(ctx, func(context.Context) error {
		if try++; try == s.accepts {
			return nil
		}
		return outbound.Again(errors.New("answered with 503"), 0)
	})
}

// The view shows each destination with its tries and its error, and the event that it got.
func TestObserve_Destinations(t *testing.T) {
	p := startWith(t, nil, fakeSink{"https://good.example", 2}, fakeSink{"kafka:votes", 0})
	response, err := http.Post(p.signed(msgext.GroupCommand), "application/json", strings.NewReader(setBody(1, "late joiner", "A")))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	one := get[entry](t, p, "deliveries/1")
	assert.Equal(t, "deferred", one.Fate)
	assert.Equal(t, []destination{
		{"state", true, 1, ""}, {"https://good.example", true, 2, ""}, {"kafka:votes", false, 3, "answered with 503"},
	}, one.Destinations)
	assert.Equal(t, []string{"kafka:votes"}, one.Failed)
	assert.Equal(t, []changed{{"late joiner", "A"}}, one.Changes)
	require.NotNil(t, one.Told)
	var event struct{ ID, Type, Source string }
	require.NoError(t, json.Unmarshal([]byte(one.Told.Event), &event))
	assert.Equal(t, "com.tencent.chat.group.msgextension.set", event.Type)
	assert.Contains(t, one.Told.Headers, "Content-Type: "+cloudevent.ContentType)
	assert.NotContains(t, one.Told.Event, "&lt;")

	p.act(t, "samples/unsigned")
	assert.Empty(t, get[entry](t, p, "deliveries/2").Destinations)
	assert.Nil(t, get[entry](t, p, "deliveries/2").Told)
}

// The search finds keys, values and bodies, in whatever way they were escaped.
func TestFound(t *testing.T) {
	p := start(t, nil)
	p.post(t, msgext.GroupCommand, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":1,"Unread":"Needle","ExtensionList":[{"Key":"\u6295\u7968","Value":"Caf\u00e9","Seq":1}],"Seq":1}`)
	p.set(t, 2, "bo", "Kyoto")
	p.act(t, "samples/unsigned")
	for text, want := range map[string][]uint64{
		"投票": {1}, "café": {1}, "needle": {1}, "KYOTO": {2}, "bo v2": {2}, "needle kyoto": {}, "unsigned": {3}, "test": {1, 2}, "": {1, 2, 3},
	} {
		got := get[struct{ IDs []uint64 }](t, p, "found?text="+url.QueryEscape(text))
		assert.ElementsMatch(t, want, got.IDs, text)
	}
}
