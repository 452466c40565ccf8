package chatapi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

// Reply of trtc.io/document/34971, its bodies shortened, with a place whose message is gone.
func TestGroupHistory_IsTheVendorsSample(t *testing.T) {
	const first = `{"From_Account":"144115197276518801","IsPlaceMsg":0,"MsgBody":[{"MsgContent":{"Data":"","Index":15},"MsgType":"TIMFaceElem"}],"MsgPriority":1,"MsgRandom":51083293,"MsgSeq":7803321,"MsgTimeStamp":1458721802}`
	const gone = `{"From_Account":"","IsPlaceMsg":1,"MsgBody":[],"MsgRandom":0,"MsgSeq":7803320,"MsgTimeStamp":1458721797}`
	var requests []string
	client := newClient(t, reply(`{"ActionStatus":"OK","ErrorCode":0,"GroupId":"@TGS#15ERQPAER","IsFinished":1,"RspMsgList":[`+first+`,`+gone+`]}`, &requests))
	page, err := client.GroupHistory(t.Context(), "@TGS#15ERQPAER", 0)
	require.NoError(t, err)
	assert.Equal(t, chatapi.GroupPage{
		Messages: []chatapi.Sent{{Message: msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#15ERQPAER", MsgSeq: 7803321}, JSON: []byte(first)}},
		Next:     7803319, More: true,
	}, page)
	_, err = client.GroupHistory(t.Context(), "@TGS#15ERQPAER", 7803321)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`/v4/group_open_http_svc/group_msg_get_simple {"GroupId":"@TGS#15ERQPAER","ReqMsgNumber":20,"WithRecalledMsg":1}`,
		`/v4/group_open_http_svc/group_msg_get_simple {"GroupId":"@TGS#15ERQPAER","ReqMsgNumber":20,"ReqMsgSeq":7803321,"WithRecalledMsg":1}`,
	}, requests)
}

func TestGroupHistory_Replies(t *testing.T) {
	const ok = `{"ActionStatus":"OK","ErrorCode":0,`
	for name, test := range map[string]struct {
		reply string
		want  error
	}{
		"the end":                     {ok + `"IsFinished":1,"RspMsgList":[]}`, nil},
		"the first message":           {ok + `"IsFinished":1,"RspMsgList":[{"MsgSeq":1}]}`, nil},
		"nothing, and not finished":   {ok + `"IsFinished":0,"RspMsgList":[]}`, chatapi.ErrNoProgress},
		"above what was asked for":    {ok + `"IsFinished":1,"RspMsgList":[{"MsgSeq":8}]}`, chatapi.ErrReply},
		"a number below zero":         {ok + `"IsFinished":1,"RspMsgList":[{"MsgSeq":-1}]}`, chatapi.ErrReply},
		"a list of something else":    {ok + `"IsFinished":1,"RspMsgList":[7]}`, chatapi.ErrReply},
		"no such group":               {`{"ActionStatus":"FAIL","ErrorCode":10010}`, chatapi.ErrGone},
		"a group without its history": {`{"ActionStatus":"FAIL","ErrorCode":10007}`, chatapi.ErrRefused},
	} {
		page, err := newClient(t, reply(test.reply, new([]string))).GroupHistory(t.Context(), "g", 7)
		assert.ErrorIs(t, err, test.want, name)
		assert.False(t, page.More, name)
	}
}

// Request and reply of trtc.io/document/35478, shortened.
func TestC2CHistory_IsTheVendorsSample(t *testing.T) {
	const entry = `{"From_Account":"user1","To_Account":"user2","MsgSeq":549396494,"MsgRandom":2578554,"MsgTimeStamp":1584669680,"MsgFlagBits":0,"IsPeerRead":0,"MsgKey":"549396494_2578554_1584669680","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"msg 1"}}],"CloudCustomData":""}`
	var requests []string
	client := newClient(t, reply(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"Complete":0,"MsgCnt":1,"LastMsgTime":1584669680,"LastMsgKey":"549396494_2578554_1584669680","MsgList":[`+entry+`]}`, &requests))
	span := chatapi.Span{Account: "user2", Peer: "user1", Since: time.Unix(1584669600, 0), Until: time.Unix(1584673200, 0)}
	page, err := client.C2CHistory(t.Context(), span)
	require.NoError(t, err)
	next := span
	next.Until, next.Before = time.Unix(1584669680, 0), "549396494_2578554_1584669680"
	assert.Equal(t, chatapi.C2CPage{
		Messages: []chatapi.Sent{{Message: msgext.Message{SDKAppID: "1400000000", From: "user1", To: "user2", MsgKey: "549396494_2578554_1584669680"}, JSON: []byte(entry)}},
		Next:     next, More: true,
	}, page)
	_, err = client.C2CHistory(t.Context(), next)
	assert.ErrorIs(t, err, chatapi.ErrNoProgress, "the same page again")
	assert.Equal(t, []string{
		`/v4/openim/admin_getroammsg {"Operator_Account":"user2","Peer_Account":"user1","MaxCnt":100,"MinTime":1584669600,"MaxTime":1584673200}`,
		`/v4/openim/admin_getroammsg {"Operator_Account":"user2","Peer_Account":"user1","MaxCnt":100,"MinTime":1584669600,"MaxTime":1584669680,"LastMsgKey":"549396494_2578554_1584669680"}`,
	}, requests)
}

func TestC2CHistory_Replies(t *testing.T) {
	const ok = `{"ActionStatus":"OK","ErrorCode":0,`
	for name, test := range map[string]struct {
		reply string
		want  error
	}{
		"nothing":                  {ok + `"Complete":1,"MsgList":[]}`, nil},
		"more, but not from where": {ok + `"Complete":0,"MsgList":[]}`, chatapi.ErrNoProgress},
		"forward":                  {ok + `"Complete":0,"LastMsgKey":"1_2_3","LastMsgTime":2000,"MsgList":[]}`, chatapi.ErrNoProgress},
		"a message without a name": {ok + `"Complete":1,"MsgList":[{"From_Account":"a","To_Account":"b"}]}`, chatapi.ErrReply},
		"a request of no sense":    {`{"ActionStatus":"FAIL","ErrorCode":20001}`, chatapi.ErrRefused},
	} {
		client := newClient(t, reply(test.reply, new([]string)))
		_, err := client.C2CHistory(t.Context(), chatapi.Span{Account: "a", Peer: "b", Since: time.Unix(0, 0), Until: time.Unix(1000, 0)})
		assert.ErrorIs(t, err, test.want, name)
	}
}

// Reply of trtc.io/document/36742.
func TestAddresses_IsTheVendorsSample(t *testing.T) {
	var requests []string
	client := newClient(t, reply(`{"ActionStatus":"OK","ErrorCode":0,"IPList":["127.0.0.2","183.192.202.0/25"]}`, &requests))
	list, err := client.Addresses(t.Context(), chatapi.InChina)
	require.NoError(t, err)
	assert.Equal(t, []string{"127.0.0.2", "183.192.202.0/25"}, list)
	assert.Equal(t, []string{`/v4/ConfigSvc/GetIPList {}`}, requests)
	_, err = newClient(t, reply(`{"ActionStatus":"OK","ErrorCode":0,"IPList":"127.0.0.2"}`, &requests)).Addresses(t.Context(), chatapi.InChina)
	assert.ErrorIs(t, err, chatapi.ErrReply)
}

// Page by page, every message of the simulated Chat is returned once, newest first.
func TestHistory_OfTheSimulatedChat(t *testing.T) {
	options := simOptions()
	options.Addresses = map[int][]string{6: {"192.0.2.1"}}
	sim := chatsim.New(options)
	var group, c2c []msgext.Message
	start := time.Unix(1764688000, 0)
	for n := range int64(250) {
		m := msgext.Message{SDKAppID: "1400000000", GroupID: "g", MsgSeq: 3*n + 1}
		sim.Post(m, chatsim.Post{From: "alice", At: start, Data: "{}", Lost: n%5 == 4})
		if n%5 != 4 {
			group = append([]msgext.Message{m}, group...)
		}
		at := start.Add(time.Duration(n/7) * time.Second) // several in one second
		m = msgext.Message{SDKAppID: "1400000000", From: "alice", To: "bob", MsgKey: fmt.Sprintf("%d_7_%d", 1000+n, at.Unix())}
		if n%2 == 1 {
			m.From, m.To = m.To, m.From
		}
		sim.Post(m, chatsim.Post{At: at, Data: "{}"})
		c2c = append(c2c, m)
	}
	sim.Add(msgext.Message{SDKAppID: "1400000000", From: "alice", To: "carol", MsgKey: "1_2_1764688001"})
	client := newClient(t, serve(sim.Handler()))

	var got []msgext.Message
	for page := (chatapi.GroupPage{More: true}); page.More; {
		var err error
		page, err = client.GroupHistory(t.Context(), "g", page.Next)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Messages), 20)
		for _, sent := range page.Messages {
			got = append(got, sent.Message)
		}
	}
	assert.Equal(t, group, got)

	got = nil
	page := chatapi.C2CPage{Next: chatapi.Span{Account: "bob", Peer: "alice", Since: start, Until: start.Add(time.Hour)}, More: true}
	for page.More {
		var err error
		page, err = client.C2CHistory(t.Context(), page.Next)
		require.NoError(t, err)
		for _, sent := range page.Messages {
			got = append(got, sent.Message)
		}
	}
	assert.ElementsMatch(t, c2c, got)

	for place, want := range map[chatapi.Place][]string{chatapi.Elsewhere: {"192.0.2.1"}, chatapi.InChina: {}} {
		list, err := client.Addresses(t.Context(), place)
		require.NoError(t, err)
		assert.Equal(t, want, list)
	}
	_, err := client.GroupHistory(t.Context(), "another", 0)
	assert.ErrorIs(t, err, chatapi.ErrGone)
}
