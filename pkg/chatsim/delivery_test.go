package chatsim_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

// The three samples of trtc.io/document/76007 and the first of 76006, without their comments, with
// versions counted from 1.
func TestDelivery_IsTheVendorsSample(t *testing.T) {
	now := time.UnixMilli(1764688294360)
	var got []chatsim.Delivery
	sim := chatsim.New(chatsim.Options{SDKAppID: "1400000000", Now: func() time.Time { return now }, OnChange: func(d chatsim.Delivery) { got = append(got, d) }})
	for _, change := range []chatsim.Change{
		set("u", kv("key2", "value2", 0), kv("key3", "12122", 0)),
		remove("u", kv("key2", "", 1), kv("key3", "", 1)),
		clearAll("u"),
		{Message: c2c, Operation: msgext.Set, KeyValues: kvs{kv("k1", "<&>", 0)}},
	} {
		_, err := sim.Change(change)
		require.NoError(t, err)
	}
	_, err := sim.Change(remove("u", kv("absent", "", 9)))
	require.Error(t, err)
	require.Len(t, got, 4, "a change that was refused is not told")
	assert.Equal(t, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"key2","Value":"value2","Seq":1},{"Key":"key3","Value":"12122","Seq":1}],"Seq":1,"EventTime":1764688294360}`, string(got[0].Body))
	assert.Equal(t, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":2,"ExtensionList":[{"Key":"key2","Value":"","Seq":2},{"Key":"key3","Value":"","Seq":2}],"Seq":2,"EventTime":1764688294360}`, string(got[1].Body))
	assert.Equal(t, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":3,"ExtensionList":[],"Seq":3,"EventTime":1764688294360}`, string(got[2].Body))
	assert.Equal(t, `{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"a","To_Account":"b","MsgKey":"93847636_1287657_1764688415","OperateType":1,"ExtensionList":[{"Key":"k1","Value":"<&>","Seq":1}],"Seq":1,"EventTime":1764688294360}`, string(got[3].Body))
	assert.Equal(t, "RESTAPI", got[3].Platform, "the admin calls by REST")
	assert.NotContains(t, got[0].RawQuery, "Sign", "no token, no Sign")
}

// Token, RequestTime and Sign of trtc.io/document/34354.
func TestDelivery_QueryIsSignedAndAppended(t *testing.T) {
	now := time.Unix(1669872112, 0)
	var got chatsim.Delivery
	sim := chatsim.New(chatsim.Options{SDKAppID: "1400000000", Token: "xxxxyyyy", Now: func() time.Time { return now }, OnChange: func(d chatsim.Delivery) { got = d }})
	_, err := sim.Change(set("", kv("k", "v", 0)))
	require.NoError(t, err)
	assert.Equal(t, "SdkAppid=1400000000&CallbackCommand=Group.CallbackAfterGroupMsgExtension&contenttype=json&ClientIP=192.0.2.1&OptPlatform=RESTAPI"+
		"&Sign=17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061&RequestTime=1669872112", got.RawQuery)
	assert.Equal(t, "https://app.example/chat?"+got.RawQuery, got.Target("https://app.example/chat"))
	assert.Equal(t, "https://app.example/chat?own=1&"+got.RawQuery, got.Target("https://app.example/chat?own=1"))

	query, err := webhook.ParseQuery(got.RawQuery)
	require.NoError(t, err)
	assert.NoError(t, webhook.Verifier{SDKAppID: "1400000000", Tokens: tokens("xxxxyyyy")}.Verify(query, now))
}

func TestSender(t *testing.T) {
	const ok, fail = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`, `{"ActionStatus":"FAIL","ErrorInfo":"","ErrorCode":1}`
	tests := []struct {
		name   string
		status int
		reply  string
		want   error
	}{
		{"OK", 200, ok, nil},
		{"FAIL", 200, fail, chatsim.ErrFailed},
		{"another status", 500, ok, chatsim.ErrReply},
		{"accepted", 202, ok, chatsim.ErrReply},
		{"no JSON", 200, "OK", chatsim.ErrReply},
		{"a field missing", 200, `{"ActionStatus":"OK","ErrorCode":0}`, chatsim.ErrReply},
		{"a contradiction", 200, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":1}`, chatsim.ErrReply},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, http.MethodPost, r.Method)
				assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
				assert.Equal(t, "own=1&SdkAppid=1", r.URL.RawQuery)
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				assert.Equal(t, "body", string(body))
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.reply)
			}))
			defer server.Close()
			err := chatsim.Sender(server.Client(), server.URL+"/chat?own=1")(t.Context(), chatsim.Delivery{RawQuery: "SdkAppid=1", Body: []byte("body")})
			assert.ErrorIs(t, err, test.want)
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func TestSender_GivesUpAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		})}
		err := chatsim.Sender(client, "https://app.example/")(t.Context(), chatsim.Delivery{RawQuery: "Sign=plant"})
		assert.ErrorIs(t, err, chatsim.ErrTimeout)
		assert.Equal(t, 2*time.Second, time.Since(started))
	})
}

func TestSender_KeepsTheSignOutOfErrors(t *testing.T) {
	client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: io.ErrUnexpectedEOF}
	})}
	err := chatsim.Sender(client, "https://app.example/")(t.Context(), chatsim.Delivery{RawQuery: "Sign=plant"})
	assert.ErrorIs(t, err, chatsim.ErrUnreachable)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NotContains(t, err.Error(), "plant")
}
