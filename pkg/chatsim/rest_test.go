package chatsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
)

func tokens(list ...secret.String) []secret.String { return list }

const (
	service = "/v4/openim_msg_ext_http_svc/"
	key     = "the app's secret key"
)

func restOptions() chatsim.Options {
	return chatsim.Options{SDKAppID: "1400000000", Admin: "administrator", SecretKey: key}
}

// credentials returns the query of a valid call, with a UserSig made by the vendor's own library.
func credentials(t testing.TB) url.Values {
	sig, err := tencentyun.GenUserSig(1400000000, key, "administrator", 3600)
	require.NoError(t, err)
	return url.Values{"sdkappid": {"1400000000"}, "identifier": {"administrator"}, "usersig": {sig}, "random": {"4294967295"}, "contenttype": {"json"}}
}

func post(sim *chatsim.Sim, command string, query url.Values, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	sim.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, service+command+"?"+query.Encode(), strings.NewReader(body)))
	return w
}

func errorCode(t testing.TB, w *httptest.ResponseRecorder) int {
	t.Helper()
	var status struct {
		ActionStatus string
		ErrorCode    *int
	}
	require.Equal(t, http.StatusOK, w.Code)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &status), "%s", w.Body)
	require.NotNil(t, status.ErrorCode)
	require.Equal(t, *status.ErrorCode == 0, status.ActionStatus == "OK")
	return *status.ErrorCode
}

// Request and reply of trtc.io/document/52169.
func TestREST_IsTheVendorsSample(t *testing.T) {
	sim := chatsim.New(restOptions())
	message := msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1YMVAB3IZ", MsgSeq: 158}
	for _, keyValues := range []kvs{{kv("key1", "1", 0), kv("key2", "2", 0)}, {kv("key3", "3", 0)}} {
		_, err := sim.Change(chatsim.Change{Message: message, Operation: msgext.Set, KeyValues: keyValues, User: "u"})
		require.NoError(t, err)
	}
	w := post(sim, "group_get_key_values", credentials(t), `{"GroupId":"@TGS#1YMVAB3IZ","MsgSeq":158}`)
	assert.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":2,"ClearSeq":0,
		"ExtensionList":[{"Key":"key1","Value":"1","Seq":1},{"Key":"key2","Value":"2","Seq":1},{"Key":"key3","Value":"3","Seq":2}]}`, w.Body.String())
	w = post(sim, "group_get_key_values", credentials(t), `{"GroupId":"@TGS#1YMVAB3IZ","MsgSeq":158,"StartSeq":2}`)
	assert.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":2,"ClearSeq":0,
		"ExtensionList":[{"Key":"key3","Value":"3","Seq":2}]}`, w.Body.String())
}

func TestREST_Refuses(t *testing.T) {
	const read = `{"GroupId":"test","MsgSeq":10}`
	with := func(name, value string) func(url.Values) { return func(q url.Values) { q.Set(name, value) } }
	signed := func(app int, key, admin string, seconds int) func(url.Values) {
		sig, err := tencentyun.GenUserSig(app, key, admin, seconds)
		require.NoError(t, err)
		return with("usersig", sig)
	}
	tests := []struct {
		name    string
		command string
		query   func(url.Values)
		body    string
		want    int
	}{
		{"a good call", "group_get_key_values", nil, read, 0},
		{"another command", "group_get", nil, read, 60009},
		{"another app", "group_get_key_values", with("sdkappid", "1400000001"), read, 60006},
		{"no app", "group_get_key_values", with("sdkappid", ""), read, 60012},
		{"no random", "group_get_key_values", with("random", ""), read, 60002},
		{"random of 33 bits", "group_get_key_values", with("random", "4294967296"), read, 60002},
		{"no contenttype", "group_get_key_values", with("contenttype", ""), read, 60002},
		{"no UserSig", "group_get_key_values", with("usersig", ""), read, 70003},
		{"a UserSig that is none", "group_get_key_values", with("usersig", "eJw*"), read, 70003},
		{"UserSig by another key", "group_get_key_values", signed(1400000000, "another", "administrator", 60), read, 70009},
		{"UserSig of another app", "group_get_key_values", signed(1400000001, key, "administrator", 60), read, 70014},
		{"UserSig of somebody else", "group_get_key_values", signed(1400000000, key, "somebody", 60), read, 70013},
		{"UserSig of a minute ago", "group_get_key_values", signed(1400000000, key, "administrator", -60), read, 70001},
		{"somebody, properly signed", "group_get_key_values", func(q url.Values) {
			q.Set("identifier", "somebody")
			signed(1400000000, key, "somebody", 60)(q)
		}, read, 60010},
		{"no JSON", "group_get_key_values", nil, "GroupId=test", 60003},
		{"a number as text", "group_get_key_values", nil, `{"GroupId":"test","MsgSeq":"10"}`, 60003},
		{"no group", "group_get_key_values", nil, `{"MsgSeq":10}`, 10004},
		{"no MsgSeq", "group_get_key_values", nil, `{"GroupId":"test"}`, 10004},
		{"StartSeq negative", "group_get_key_values", nil, `{"GroupId":"test","MsgSeq":10,"StartSeq":-1}`, 10004},
		{"unknown group", "group_get_key_values", nil, `{"GroupId":"other","MsgSeq":10}`, 10010},
		{"unknown message of a known group", "group_get_key_values", nil, `{"GroupId":"test","MsgSeq":11}`, 10030},
		{"to be set", "group_set_key_values", nil, `{"GroupId":"test","MsgSeq":11,"OperateType":3}`, 10030},
		{"no MsgKey", "get_key_values", nil, `{"From_Account":"a","To_Account":"b"}`, 20001},
		{"unknown MsgKey", "get_key_values", nil, `{"From_Account":"a","To_Account":"b","MsgKey":"c"}`, 20022},
		{"too many key-values", "group_set_key_values", nil, `{"GroupId":"test","MsgSeq":10,"OperateType":1}`, 10004},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sim := chatsim.New(restOptions())
			sim.Add(group, c2c)
			query := credentials(t)
			if test.query != nil {
				test.query(query)
			}
			assert.Equal(t, test.want, errorCode(t, post(sim, test.command, query, test.body)))
		})
	}
	t.Run("GET", func(t *testing.T) {
		w := httptest.NewRecorder()
		chatsim.New(restOptions()).Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, service+"get_key_values?"+credentials(t).Encode(), nil))
		assert.Equal(t, 60002, errorCode(t, w))
	})
	t.Run("anybody, where no key is configured", func(t *testing.T) {
		options := restOptions()
		options.SecretKey = ""
		query := credentials(t)
		signed(1400000000, "", "administrator", 60)(query)
		assert.Equal(t, 70009, errorCode(t, post(chatsim.New(options), "group_get_key_values", query, read)))
	})
}

func TestREST_Pages(t *testing.T) {
	sim := chatsim.New(restOptions())
	for from := 0; from < 260; from += 20 {
		var list kvs
		for i := range 20 {
			list = append(list, kv(fmt.Sprintf("k%03d", from+i), "", 0))
		}
		_, err := sim.Change(set("u", list...))
		require.NoError(t, err)
	}
	_, err := sim.Change(set("u", kv("k000", "newest", 1)))
	require.NoError(t, err)

	page := func(start int64) msgext.ReadReply {
		var reply msgext.ReadReply
		w := post(sim, "group_get_key_values", credentials(t), fmt.Sprintf(`{"GroupId":"test","MsgSeq":10,"StartSeq":%d}`, start))
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &reply))
		return reply
	}
	truth := sim.Truth(group).ExtensionList
	first := page(0)
	assert.Equal(t, 0, first.CompleteFlag)
	assert.EqualValues(t, 14, first.LatestSeq)
	assert.Equal(t, truth[:200], first.ExtensionList)
	assert.EqualValues(t, 11, truth[199].Seq, "the page ends among the keys of one version")
	assert.EqualValues(t, 11, truth[200].Seq)

	second := page(11)
	assert.Equal(t, 1, second.CompleteFlag)
	assert.EqualValues(t, 11, second.ExtensionList[0].Seq, "StartSeq is inclusive")
	assert.Equal(t, truth[199:], second.ExtensionList[len(second.ExtensionList)-61:])
	assert.Empty(t, page(15).ExtensionList)
}

func TestREST_AFullPageMayBeTheLast(t *testing.T) {
	options := restOptions()
	options.PageSize = 2
	sim := chatsim.New(options)
	read := func() (reply msgext.ReadReply) {
		require.NoError(t, json.Unmarshal(post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`).Body.Bytes(), &reply))
		return reply
	}
	_, err := sim.Change(set("u", kv("a", "", 0), kv("b", "", 0)))
	require.NoError(t, err)
	assert.Equal(t, sim.Truth(group), read())
	_, err = sim.Change(set("u", kv("c", "", 0)))
	require.NoError(t, err)
	assert.Equal(t, 0, read().CompleteFlag)
	assert.Len(t, read().ExtensionList, 2)
}

func TestREST_Sets(t *testing.T) {
	const body = `{"GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"a","Value":"1","Seq":0},{"Key":"b","Value":"2","Seq":7}]}`
	t.Run("as admin, whose versions are not looked at", func(t *testing.T) {
		var told []chatsim.Delivery
		options := restOptions()
		options.OnChange = func(d chatsim.Delivery) { told = append(told, d) }
		sim := chatsim.New(options)
		sim.Add(group)
		w := post(sim, "group_set_key_values", credentials(t), body)
		assert.JSONEq(t, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ExtensionList":[
			{"ErrorCode":0,"Extension":{"Key":"a","Value":"1","Seq":1}},{"ErrorCode":0,"Extension":{"Key":"b","Value":"2","Seq":1}}]}`, w.Body.String())
		require.Len(t, told, 1)
		assert.EqualValues(t, 1, told[0].Version)
	})
	t.Run("with versions checked", func(t *testing.T) {
		options := restOptions()
		options.CheckSeq = true
		sim := chatsim.New(options)
		sim.Add(group)
		w := post(sim, "group_set_key_values", credentials(t), body)
		assert.JSONEq(t, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ExtensionList":[
			{"ErrorCode":0,"Extension":{"Key":"a","Value":"1","Seq":1}},{"ErrorCode":23001,"Extension":{"Key":"b","Value":"","Seq":0}}]}`, w.Body.String())
		assert.Equal(t, msgext.NewReadReply(1, 0, kvs{kv("a", "1", 1)}), sim.Truth(group))
	})
}

func TestREST_LimitsCallsOfASecond(t *testing.T) {
	now := time.Now()
	options := restOptions()
	options.CallsPerSecond = 3
	options.Now = func() time.Time { return now }
	sim := chatsim.New(options)
	sim.Add(group)
	var codes []int
	for range 5 {
		codes = append(codes, errorCode(t, post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`)))
	}
	now = now.Add(time.Second)
	codes = append(codes, errorCode(t, post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`)))
	assert.Equal(t, []int{0, 0, 0, 60007, 60007, 0}, codes)
	assert.Equal(t, 6, sim.Calls(), "refused ones count")
}

func TestREST_Trouble(t *testing.T) {
	options := restOptions()
	options.Trouble = func(call int, command string) int {
		assert.Equal(t, "group_get_key_values", command)
		return []int{0, 503, 60008}[call%3]
	}
	sim := chatsim.New(options)
	sim.Add(group)
	assert.Equal(t, 503, post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`).Code)
	assert.Equal(t, 60008, errorCode(t, post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`)))
	assert.Equal(t, 0, errorCode(t, post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`)))
}

func TestREST_RefusesCallsAboutAMessage(t *testing.T) {
	options := restOptions()
	options.Refuse = func(message msgext.Message) int {
		if message == group {
			return 10004
		}
		return 0
	}
	sim := chatsim.New(options)
	sim.Add(group, msgext.Message{SDKAppID: group.SDKAppID, GroupID: "test", MsgSeq: 11})
	assert.Equal(t, 10004, errorCode(t, post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`)))
	assert.Equal(t, 0, errorCode(t, post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":11}`)))
}

func TestREST_ACallThatHangsIsNotAnswered(t *testing.T) {
	options := restOptions()
	options.Trouble = func(int, string) int { return chatsim.Hang }
	server := httptest.NewServer(chatsim.New(options).Handler())
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+service+"group_get_key_values", strings.NewReader("{}"))
	require.NoError(t, err)
	_, err = server.Client().Do(request)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// With both ways of counting, versions keep rising, while the LatestSeq of a read may fall.
func TestREST_LatestSeqMayFall(t *testing.T) {
	for falls, want := range map[bool][]int64{false: {1, 2, 3, 4, 5}, true: {1, 2, 1, 4, 5}} {
		options := restOptions()
		options.LatestFalls = falls
		sim := chatsim.New(options)
		var latest, versions []int64
		for _, change := range []chatsim.Change{
			{Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: "a"}}},
			{Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: "b"}}},
			{Operation: msgext.Delete, KeyValues: []msgext.KeyValue{{Key: "b"}}},
			{Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: "c"}}},
			{Operation: msgext.Clear},
		} {
			change.Message = group
			outcome, err := sim.Change(change)
			require.NoError(t, err)
			versions = append(versions, outcome.Version)
			var reply msgext.ReadReply
			require.NoError(t, json.Unmarshal(post(sim, "group_get_key_values", credentials(t), `{"GroupId":"test","MsgSeq":10}`).Body.Bytes(), &reply))
			latest = append(latest, max(reply.LatestSeq, reply.ClearSeq))
			assert.Equal(t, sim.Truth(group).LatestSeq, latest[len(latest)-1])
		}
		assert.Equal(t, []int64{1, 2, 3, 4, 5}, versions)
		assert.Equal(t, want, latest)
	}
}
