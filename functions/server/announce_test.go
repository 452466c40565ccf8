package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/webhook"
)

// sent is a webhook after a message was sent, signed now.
func sent(app, command, body string) sample.Request {
	seconds := strconv.FormatInt(time.Now().Unix(), 10)
	query := url.Values{
		"SdkAppid": {app}, "CallbackCommand": {command}, "contenttype": {"json"}, "RequestTime": {seconds}, "Sign": {webhook.Sign(vectortest.Token, seconds)},
	}
	return sample.Request{Method: http.MethodPost, Path: "/", RawQuery: query.Encode(), Body: body}
}

// An announced message is in the store when the reply arrives, with every binary and a real
// database. A message that is not announced leaves nothing in the store.
func TestAnnounce_ByEveryBinary(t *testing.T) {
	runs := []struct {
		name, location string
		start          func(t *testing.T, variables map[string]string) exchange
	}{
		{"local sqlite", "sqlite:" + t.TempDir() + "/state.db", overHTTP("functions/local")},
		{"server mysql", mysqlDatabase(t), overHTTP("functions/server")},
		{"lambda dynamodb", dynamoTable(t), asLambda},
		{"scf postgres", postgresDatabase(t), asSCF},
		{"scf redis", redisDatabase(t), asSCF},
	}
	for _, run := range runs {
		t.Run(run.name, func(t *testing.T) {
			// An app of its own, because databases are shared.
			app := strconv.Itoa(1_500_000_000 + rand.IntN(90_000_000))
			exchange := run.start(t, map[string]string{
				"MSGEXT_SDK_APP_ID": app, "MSGEXT_TOKEN": vectortest.Token.Reveal(), "MSGEXT_STATE": run.location, "MSGEXT_ANNOUNCE": "group_poll note",
			})
			store := openStore(t, run.location)
			group := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 7}
			private := msgext.Message{SDKAppID: app, From: "a", To: "b", MsgKey: "1_2_3"}
			for _, test := range []struct {
				body string
				of   msgext.Message
				want bool
			}{
				{`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","Type":"Public","MsgSeq":7,"MsgBody":[{"MsgContent":{"Data":"{\"businessID\":\"group_poll\"}"}}]}`, group, true},
				{`{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"a","To_Account":"b","MsgSeq":1,"MsgKey":"1_2_3","MsgBody":[{"MsgContent":{"Text":"a note"}}]}`, private, true},
				{`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","Type":"Public","MsgSeq":7,"MsgBody":[{"MsgContent":{"Text":"hello"}}]}`, group, false},
				{`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","Type":"Community","MsgSeq":7,"MsgBody":[{"MsgContent":{"Text":"a note"}}]}`, group, false},
			} {
				command := msgext.GroupSendCommand
				if !test.of.IsGroup() {
					command = msgext.C2CSendCommand
				}
				exchange(t, sent(app, command, test.body), func(shape, reply string) {
					assert.JSONEq(t, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`, reply, shape)
					record, err := store.Load(t.Context(), test.of)
					if !test.want {
						assert.ErrorIs(t, err, state.ErrNotFound, shape)
						return
					}
					require.NoError(t, err, shape)
					assert.WithinDuration(t, record.Check.Announced.Add(state.FirstAnnouncedRead), record.Check.Due, time.Minute, shape)
					assert.Equal(t, msgext.State{}, record.State, "nothing of the message is kept")
					require.NoError(t, store.Forget(t.Context(), test.of))
				})
			}
		})
	}
}

// A server with MSGEXT_VERIFY_SAMPLE finds by itself that a message differs from Chat, and repairs
// it.
func TestServer_VerifiesASample(t *testing.T) {
	chat := chatsim.New(chatsim.Options{SDKAppID: vectortest.SDKAppID, Admin: proofAdmin, SecretKey: proofKey})
	api := httptest.NewServer(chat.Handler())
	t.Cleanup(api.Close)
	s := server(t, []string{
		"MSGEXT_CHAT_ENDPOINT=" + api.URL, "MSGEXT_CHAT_ADMIN=" + proofAdmin, "MSGEXT_CHAT_SECRET_KEY=" + proofKey,
		"MSGEXT_REPAIR_GRACE=1s", "MSGEXT_VERIFY_SAMPLE=10",
	})
	message := msgext.Message{SDKAppID: vectortest.SDKAppID, GroupID: "test", MsgSeq: 10}
	set := func(value string) {
		_, err := chat.Change(chatsim.Change{Message: message, Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: "key", Value: value}}})
		require.NoError(t, err)
	}
	shows := func(value string) func() bool {
		return func() bool {
			_, body := processtest.Exchange(t, http.MethodGet, s.URL+"/api/groups/test/messages/10/extensions", "")
			return strings.Contains(body, `{"Key":"key","Value":"`+value+`","Seq":`)
		}
	}
	set("1")
	request := sent(vectortest.SDKAppID, msgext.GroupCommand, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"key","Value":"1","Seq":1}],"Seq":1}`)
	status, _ := processtest.Exchange(t, request.Method, s.URL+"/?"+request.RawQuery, request.Body)
	require.Equal(t, http.StatusOK, status)
	require.True(t, shows("1")())
	set("2") // and its webhook is lost
	require.Eventually(t, shows("2"), time.Minute, 50*time.Millisecond)
	_, metrics := processtest.Exchange(t, http.MethodGet, s.Admin+"/metrics", "")
	assert.Regexp(t, `(?m)^msgext_Drift [1-9]`, metrics)
	assert.Contains(t, s.Greeting(), "message is not as Chat has it")
}
