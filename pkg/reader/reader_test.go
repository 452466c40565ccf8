package reader_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/statetest"
)

const app = "1400000000"

var (
	group    = msgext.Message{SDKAppID: app, GroupID: "@TGS#1", MsgSeq: 7}
	slashed  = msgext.Message{SDKAppID: app, GroupID: "a/b%41 ?ä", MsgSeq: 7}
	oneToOne = msgext.Message{SDKAppID: app, From: "..", To: "bob/1", MsgKey: "1_2_3"}
)

// fill returns a store that holds a few messages.
func fill(t testing.TB) *memstate.Store {
	t.Helper()
	store := memstate.New()
	for _, m := range []msgext.Message{group, slashed, oneToOne} {
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, "Lisbon", "b", "a"), time.UnixMilli(1), state.MarkNow))
	}
	return store
}

// ask sends one request to a Reader.
func ask(t testing.TB, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return recorder
}

const lisbon = `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":1,"ClearSeq":0,` +
	`"ExtensionList":[{"Key":"a","Value":"Lisbon","Seq":1},{"Key":"b","Value":"Lisbon","Seq":1}]}`

func TestReader_Paths(t *testing.T) {
	open := reader.New(reader.Options{Store: fill(t), SDKAppID: app})
	tests := []struct {
		name, target string
		want         int
		info         string // ErrorInfo, "" for OK
	}{
		{"a group's message", "/api/groups/%40TGS%231/messages/7/extensions", 200, ""},
		{"ids that need escaping", "/api/groups/a%2Fb%2541%20%3F%C3%A4/messages/7/extensions", 200, ""},
		{"a one-to-one message", "/api/c2c/%2E%2E/bob%2F1/messages/1_2_3/extensions", 200, ""},
		{"dots as they are", "/api/c2c/../bob%2F1/messages/1_2_3/extensions", 200, ""},
		{"query, group", "/api/extensions?GroupId=%40TGS%231&MsgSeq=7", 200, ""},
		{"query, ids that need escaping", "/api/extensions?MsgSeq=7&GroupId=a/b%2541+?%C3%A4", 200, ""},
		{"query, one-to-one", "/api/extensions?From_Account=..&To_Account=bob/1&MsgKey=1_2_3", 200, ""},
		{"a parameter that means nothing", "/api/extensions?GroupId=%40TGS%231&MsgSeq=7&_=1", 200, ""},

		{"another message", "/api/groups/%40TGS%231/messages/8/extensions", 404, "message not found"},
		{"a message with one field of another", "/api/c2c/../bob%2F1/messages/1_2_4/extensions", 404, "message not found"},
		{"MsgSeq, no number", "/api/groups/g/messages/x/extensions", 400, "MsgSeq: not a non-negative integer"},
		{"MsgSeq, negative", "/api/groups/g/messages/-1/extensions", 400, "MsgSeq: not a non-negative integer"},
		{"MsgSeq, signed", "/api/groups/g/messages/+7/extensions", 400, "MsgSeq: not a non-negative integer"},
		{"MsgSeq, above 2^63-1", "/api/groups/g/messages/9223372036854775808/extensions", 400, "MsgSeq: not a non-negative integer"},
		{"MsgSeq, empty", "/api/groups/g/messages//extensions", 400, "MsgSeq: empty"},
		{"GroupId, empty", "/api/groups//messages/7/extensions", 400, "GroupId: empty"},
		{"GroupId, not UTF-8", "/api/groups/%FF/messages/7/extensions", 400, "GroupId: not UTF-8"},
		{"To_Account, empty", "/api/c2c/a//messages/k/extensions", 400, "To_Account: empty"},
		{"query, nothing", "/api/extensions", 400, "GroupId: missing"},
		{"query, no MsgSeq", "/api/extensions?GroupId=g", 400, "MsgSeq: missing"},
		{"query, no MsgKey", "/api/extensions?From_Account=a&To_Account=b", 400, "MsgKey: missing"},
		{"query, in another case", "/api/extensions?groupid=g&MsgSeq=7", 400, "GroupId: missing"},
		{"query, empty", "/api/extensions?GroupId=&MsgSeq=7", 400, "GroupId: empty"},
		{"query, twice", "/api/extensions?GroupId=g&GroupId=h&MsgSeq=7", 400, "GroupId: given more than once"},
		{"query, both forms", "/api/extensions?GroupId=g&MsgSeq=7&MsgKey=k", 400, "MsgKey: contradicts GroupId"},
		{"query, a semicolon", "/api/extensions?GroupId=g;MsgSeq=7", 400, "query: does not parse"},
		{"tally, unknown", "/api/groups/g/messages/7/extensions?tally=votes", 400, "tally: neither values nor poll"},
		{"tally, empty", "/api/groups/g/messages/7/extensions?tally=", 400, "tally: neither values nor poll"},
		{"tally, twice", "/api/groups/g/messages/7/extensions?tally=poll&tally=values", 400, "tally: given more than once"},

		{"another path", "/api/nothing", 404, "no such path"},
		{"the root", "/", 404, "no such path"},
		{"a slash at the end", "/api/groups/g/messages/7/extensions/", 404, "no such path"},
		{"a slash too many", "//api/groups/g/messages/7/extensions", 404, "no such path"},
		{"an id with a slash that is not escaped", "/api/groups/a/b/messages/7/extensions", 404, "no such path"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ask(t, open, http.MethodGet, test.target)
			assert.Equal(t, test.want, got.Code)
			assert.Equal(t, "application/json", got.Header().Get("Content-Type"))
			assert.Equal(t, "no-store", got.Header().Get("Cache-Control"))
			if test.info == "" {
				assert.Equal(t, lisbon, got.Body.String())
				return
			}
			assert.Equal(t, `{"ActionStatus":"FAIL","ErrorInfo":"`+test.info+`","ErrorCode":1}`, got.Body.String())
		})
	}
}

func TestReader_Methods(t *testing.T) {
	open := reader.New(reader.Options{Store: fill(t), SDKAppID: app})
	const target = "/api/groups/%40TGS%231/messages/7/extensions"
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, ""} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		request.Method = method // httptest would change an empty method to GET
		got := httptest.NewRecorder()
		open.ServeHTTP(got, request)
		assert.Equal(t, http.StatusMethodNotAllowed, got.Code, method)
		assert.Equal(t, "GET, HEAD", got.Header().Get("Allow"))
	}
	for target, want := range map[string]int{target: 200, "/api/groups/g/messages/7/extensions": 404} {
		get, head := ask(t, open, http.MethodGet, target), ask(t, open, http.MethodHead, target)
		assert.Equal(t, want, head.Code)
		assert.Equal(t, get.Header(), head.Header(), "HEAD has GET's header")
		assert.Empty(t, head.Body.String())
	}
}

func TestReader_Unchanged(t *testing.T) {
	store := fill(t)
	open := reader.New(reader.Options{Store: store, SDKAppID: app})
	const target = "/api/groups/%40TGS%231/messages/7/extensions"
	first := ask(t, open, http.MethodGet, target)
	etag := first.Header().Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{64}"$`, etag)
	for given, want := range map[string]int{
		etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304,
		`"x"`: 200, "": 200, strings.Trim(etag, `"`): 200,
	} {
		got := ask(t, open, http.MethodGet, target, "If-None-Match", given)
		assert.Equal(t, want, got.Code, given)
		assert.Equal(t, etag, got.Header().Get("ETag"))
		if want == 304 {
			assert.Empty(t, got.Body.String())
			assert.Empty(t, got.Header().Get("Content-Type"))
		}
	}
	assert.Equal(t, 304, ask(t, open, http.MethodHead, target, "If-None-Match", etag).Code)
	assert.NotEqual(t, etag, ask(t, open, http.MethodGet, target+"?tally=values").Header().Get("ETag"), "another body, another digest")

	// A header about something that the body does not show is sent with a 304, too.
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(group, 3, "Porto", "c"), time.UnixMilli(2), state.MarkNow))
	gap := ask(t, open, http.MethodGet, target, "If-None-Match", etag)
	require.Equal(t, 200, gap.Code)
	require.Equal(t, "true", gap.Header().Get("Msgext-Gap"))
	again := ask(t, open, http.MethodGet, target, "If-None-Match", gap.Header().Get("ETag"))
	assert.Equal(t, 304, again.Code)
	assert.Equal(t, "true", again.Header().Get("Msgext-Gap"))
}

func TestReader_Tokens(t *testing.T) {
	const old, current = "old-0123456789abcdef0123456789abcdef", "new-0123456789abcdef0123456789abcdef"
	var log bytes.Buffer
	guarded := reader.New(reader.Options{
		Store: fill(t), SDKAppID: app, Tokens: []secret.String{old, current}, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	const target = "/api/groups/%40TGS%231/messages/7/extensions"
	tests := []struct {
		name   string
		target string
		header []string
		want   int
	}{
		{"the current one", target, []string{"Authorization", "Bearer " + current}, 200},
		{"the old one", target, []string{"Authorization", "Bearer " + old}, 200},
		{"the scheme in another case", target, []string{"Authorization", "bearer  " + current + " "}, 200},
		{"none", target, nil, 401},
		{"another", target, []string{"Authorization", "Bearer " + current[1:]}, 401},
		{"one with more behind it", target, []string{"Authorization", "Bearer " + current + "0"}, 401},
		{"both", target, []string{"Authorization", "Bearer " + old + " " + current}, 401},
		{"an empty one", target, []string{"Authorization", "Bearer "}, 401},
		{"no scheme", target, []string{"Authorization", current}, 401},
		{"another scheme", target, []string{"Authorization", "Basic " + current}, 401},
		{"two headers", target, []string{"Authorization", "Bearer " + current, "Authorization", "Bearer " + current}, 401},
		{"in the URL", target + "?access_token=" + current, nil, 401},
		{"none, and a message that is not there", "/api/groups/g/messages/7/extensions", nil, 401},
		{"none, and a bad id", "/api/groups/g/messages/x/extensions", nil, 401},
		{"none, and another path", "/api/nothing", nil, 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ask(t, guarded, http.MethodGet, test.target, test.header...)
			assert.Equal(t, test.want, got.Code)
			if test.want == 401 {
				assert.Equal(t, "Bearer", got.Header().Get("WWW-Authenticate"))
				assert.Equal(t, `{"ActionStatus":"FAIL","ErrorInfo":"Authorization: no valid bearer token","ErrorCode":1}`, got.Body.String())
			}
		})
	}
	assert.Contains(t, log.String(), `"status":401`)
	for _, plant := range []string{old, current, current[1:], "TGS"} {
		assert.NotContains(t, log.String(), plant)
	}
}

// A flood of requests without a token gets five lines a minute, and one that counts the others.
func TestReader_CountsRefusals(t *testing.T) {
	const target, token = "/api/groups/g/messages/7/extensions", "token-0123456789abcdef0123456789abcdef"
	var log bytes.Buffer
	now := time.Date(2026, 11, 26, 21, 40, 0, 0, time.UTC)
	rd := reader.New(reader.Options{
		Store: fill(t), SDKAppID: app, Tokens: []secret.String{token}, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
		Now: func() time.Time { return now },
	})
	flood := func(n int) {
		for range n {
			assert.Equal(t, http.StatusUnauthorized, ask(t, rd, http.MethodGet, target).Code)
		}
	}
	flood(40)
	assert.Equal(t, 5, strings.Count(log.String(), `"msg":"read"`))
	now = now.Add(time.Minute)
	flood(1)
	assert.Equal(t, 6, strings.Count(log.String(), `"msg":"read"`))
	assert.Equal(t, 1, strings.Count(log.String(), `"msg":"read: refused, counted","reason":"Authorization: no valid bearer token","counted":35}`))
}

// stub is a loader that returns what a test needs.
type stub func(ctx context.Context, m msgext.Message) (state.Record, error)

// Load implements state.Loader.
func (s stub) Load(ctx context.Context, m msgext.Message) (state.Record, error) { return s(ctx, m) }

func TestReader_TheStoreIsDown(t *testing.T) {
	var log bytes.Buffer
	options := reader.Options{SDKAppID: app, Logger: slog.New(slog.NewJSONHandler(&log, nil)), RequestID: func(context.Context) string { return "r-1" }}
	options.Store = stub(func(context.Context, msgext.Message) (state.Record, error) {
		return state.Record{}, errors.New("connection refused " + strings.Repeat("x", 5000))
	})
	const target = "/api/groups/plant/messages/7/extensions"
	got := ask(t, reader.New(options), http.MethodGet, target)
	assert.Equal(t, http.StatusServiceUnavailable, got.Code)
	assert.Equal(t, "1", got.Header().Get("Retry-After"))
	assert.Equal(t, `{"ActionStatus":"FAIL","ErrorInfo":"state could not be read","ErrorCode":1}`, got.Body.String())
	assert.Contains(t, log.String(), `"request_id":"r-1","error":"connection refused`)
	assert.NotContains(t, log.String(), "plant")
	assert.Less(t, log.Len(), 1000)
}

// If the store does not answer, the reply comes within the second that docs/openapi.yaml promises.
// The time is that of a synctest bubble.
func TestReader_TheStoreDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := reader.New(reader.Options{SDKAppID: app, Store: stub(func(ctx context.Context, _ msgext.Message) (state.Record, error) {
			<-ctx.Done()
			return state.Record{}, ctx.Err()
		})})
		began := time.Now()
		assert.Equal(t, http.StatusServiceUnavailable, ask(t, silent, http.MethodGet, "/api/groups/g/messages/7/extensions").Code)
		assert.Less(t, time.Since(began), time.Second)
	})
}

func TestReader_WhatIsMissing(t *testing.T) {
	tests := []struct {
		name          string
		record        state.Record
		want          int
		wantGap, gone bool
	}{
		{"settled", record(func(r *state.Record) {}), 200, false, false},
		{"a version is missing", record(func(r *state.Record) { r.State.Hear(5) }), 200, true, false},
		{"ahead of Chat", record(func(r *state.Record) { r.Check.AheadOver = 1 }), 200, true, false},
		{"doubted", record(func(r *state.Record) { r.Doubt(time.UnixMilli(2), state.FromWebhook) }), 200, true, false},
		{"announced", record(func(r *state.Record) { r.Announce(time.UnixMilli(2), time.UnixMilli(3)) }), 200, false, false},
		{"gone", record(func(r *state.Record) { r.Check.Gone = true }), 200, false, true},
		{"gone, and something is missing", record(func(r *state.Record) { r.Check.Gone = true; r.State.Hear(5) }), 200, true, true},
		{"read, and without extensions", state.Record{State: msgext.State{Base: &msgext.Snapshot{}}}, 200, false, false},
		{"heard at version 0 alone", state.Record{State: msgext.State{Entries: map[string]msgext.Entry{"a": {Value: "v"}}}}, 200, false, false},
		{"doubted alone", unheard(func(r *state.Record) { r.Doubt(time.UnixMilli(2), state.FromWebhook) }), 404, false, false},
		{"announced alone", unheard(func(r *state.Record) { r.Announce(time.UnixMilli(2), time.UnixMilli(3)) }), 404, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := stub(func(context.Context, msgext.Message) (state.Record, error) { return test.record, nil })
			for _, tally := range []string{"", "?tally=values", "?tally=poll"} {
				got := ask(t, reader.New(reader.Options{Store: store, SDKAppID: app}), http.MethodGet, "/api/groups/g/messages/7/extensions"+tally)
				assert.Equal(t, test.want, got.Code)
				assert.Equal(t, test.wantGap, got.Header().Get("Msgext-Gap") == "true")
				assert.Equal(t, test.gone, got.Header().Get("Msgext-Gone") == "true")
				if tally != "" && test.want == 200 {
					assert.Equal(t, test.wantGap, strings.Contains(got.Body.String(), `"Gap":true`))
				}
			}
		})
	}
}

// unheard returns a message of whose extensions nothing was heard or read.
func unheard(change func(*state.Record)) (r state.Record) {
	change(&r)
	return r
}

// record returns the record of a settled message, modified by change.
func record(change func(*state.Record)) state.Record {
	var r state.Record
	r.State.Apply(statetest.SetEvent(group, 1, "v", "a"))
	r.State.MarkSeen(1)
	change(&r)
	return r
}

func TestReader_TextIsAlwaysJSON(t *testing.T) {
	store := memstate.New()
	event := statetest.SetEvent(group, 1, "<&>\u2028\x00\xff😀\"\\", "k\xff")
	require.NoError(t, store.Apply(t.Context(), event, time.UnixMilli(1), state.MarkNow))
	open := reader.New(reader.Options{Store: store, SDKAppID: app})
	const target = "/api/groups/%40TGS%231/messages/7/extensions"
	assert.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":1,"ClearSeq":0,
		"ExtensionList":[{"Key":"k\ufffd","Value":"<&>\u2028\u0000\ufffd😀\"\\","Seq":1}]}`, ask(t, open, http.MethodGet, target).Body.String())
	assert.JSONEq(t, `{"values":[{"value":"<&>\u2028\u0000\ufffd😀\"\\","count":1}],"keys":1,"LatestSeq":1,"Gap":false}`,
		ask(t, open, http.MethodGet, target+"?tally=values").Body.String())
}
