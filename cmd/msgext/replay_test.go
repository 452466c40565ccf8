package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/webhook"
)

const app = "1400000000"

func TestLineReader_Parse(t *testing.T) {
	group := msgext.Message{SDKAppID: app, GroupID: "@TGS#g", MsgSeq: 7}
	c2c := msgext.Message{SDKAppID: app, From: "a", To: "b", MsgKey: "1_2_3"}
	second := group
	second.MsgSeq = 8
	tests := []struct {
		name, line string
		want       []wanted
	}{
		{"an announcement that was not taken", `{"fate":"accepted","group_id":"@TGS#g","msg_seq":7,"announced":false}`, []wanted{{group, announce}}},
		{"a recall that was not taken", `{"fate":"accepted","group_id":"@TGS#g","msg_seqs":[7,8],"doubted":false}`, []wanted{{group, replay}, {second, replay}}},
		{"a recall that was not taken, one-to-one", `{"fate":"accepted","from_account":"a","to_account":"b","msg_key":"1_2_3","doubted":false}`, []wanted{{c2c, replay}}},
		{"as the REST API names it", `{"GroupId":"@TGS#g","MsgSeq":7}`, []wanted{{group, replay}}},
		{"one-to-one", `{"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`, []wanted{{c2c, replay}}},
		{"a deferred webhook", `{"level":"ERROR","msg":"webhook","fate":"deferred","group_id":"@TGS#g","msg_seq":7}`, []wanted{{group, replay}}},
		{"a deferred webhook, one-to-one", `{"fate":"deferred","from_account":"a","to_account":"b","msg_key":"1_2_3"}`, []wanted{{c2c, replay}}},
		{"behind what the platform writes", "2026-01-04T12:00:00Z\tid\t" + `{"fate":"deferred","group_id":"@TGS#g","msg_seq":7}`, []wanted{{group, replay}}},
		// Such a line has the accounts because only a replay can mend it, and it was once passed over.
		{"a rejected webhook whose change is lost", `{"fate":"rejected","reason":"body breaks the contract","effect":"lost","from_account":"a","to_account":"b","msg_key":"1_2_3"}`, []wanted{{c2c, replay}}},
		{"a rejected webhook whose message is not known", `{"fate":"rejected","effect":"lost"}`, nil},
		{"a rejected webhook that repair makes good", `{"fate":"rejected","effect":"doubted","group_id":"@TGS#g","msg_seq":7}`, nil},
		{"an accepted webhook", `{"fate":"accepted","group_id":"@TGS#g","msg_seq":7}`, nil},
		{"a rejected webhook", `{"fate":"rejected","reason":"stale"}`, nil},
		{"half a name", `{"fate":"deferred","msg_key":"1_2_3"}`, nil},
		{"no JSON", `START RequestId: 5f1d`, nil},
		{"nothing", ``, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, lineReader{app: app}.parse([]byte(test.line)))
		})
	}
}

// refusing is a store that takes nothing.
type refusing struct{ state.Recorder }

var errRefused = errors.New("refused")

func (refusing) Apply(context.Context, msgext.Event, time.Time, state.Mark) error { return errRefused }
func (refusing) Doubt(context.Context, msgext.Message, time.Time, state.Source) error {
	return errRefused
}
func (refusing) Announce(_ context.Context, _ msgext.Message, _, _ time.Time) error {
	return errRefused
}

// What the receiver writes of a webhook that it has lost is what replay takes.
func TestLineReader_TakesTheLinesOfTheReceiver(t *testing.T) {
	first, second := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 1}, msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 2}
	private := msgext.Message{SDKAppID: app, From: "a", To: "b", MsgKey: "1_2_3"}
	for name, test := range map[string]struct {
		store         state.Recorder
		command, body string
		want          []wanted
	}{
		"a change": {refusing{}, msgext.C2CCommand, `{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"a","To_Account":"b","MsgKey":"1_2_3",
			"OperateType":3,"Seq":1}`, []wanted{{private, replay}}},
		"a refused body":               {refusing{}, msgext.GroupCommand, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"g","MsgSeq":1,"OperateType":9}`, []wanted{{first, replay}}},
		"a refused body and no store":  {nil, msgext.C2CCommand, `{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"a","To_Account":"b","MsgKey":"1_2_3","OperateType":9}`, []wanted{{private, replay}}},
		"an announcement":              {refusing{}, msgext.GroupSendCommand, `{"GroupId":"g","MsgSeq":1,"SupportMessageExtension":1}`, []wanted{{first, announce}}},
		"a recall":                     {refusing{}, msgext.GroupRecallCommand, `{"GroupId":"g","MsgSeqList":[{"MsgSeq":1},{"MsgSeq":2}]}`, []wanted{{first, replay}, {second, replay}}},
		"a recall, one-to-one":         {refusing{}, msgext.C2CRecallCommand, `{"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`, []wanted{{private, replay}}},
		"a recall where nothing fails": {nil, msgext.GroupRecallCommand, `{"GroupId":"g","MsgSeqList":[{"MsgSeq":1}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			handler := receiver.New(receiver.Options{
				Verifier: webhook.Verifier{SDKAppID: app, AllowUnsigned: true}, Store: test.store, Announce: []string{"group_poll"},
				Logger: slog.New(slog.NewJSONHandler(&log, nil)),
			})
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/?SdkAppid="+app+"&CallbackCommand="+test.command, strings.NewReader(test.body)))
			assert.Equal(t, test.want, lineReader{app: app}.parse(log.Bytes()), log.String())
		})
	}
}

// Messages are handed on one at a time, the pace apart.
func TestLineReader_Pace(t *testing.T) {
	var steps []string
	lines := `{"fate":"accepted","group_id":"g","msg_seqs":[1,2],"doubted":false}` + "\n" + `{"GroupId":"g","MsgSeq":1}` + "\n" + `{"GroupId":"g","MsgSeq":3}`
	ended := errors.New("ended")
	read := func(limit int) error {
		steps = nil
		return lineReader{app: app}.each(t.Context(), strings.NewReader(lines), func(_ context.Context, d time.Duration) error {
			assert.Equal(t, 50*time.Millisecond, d)
			if len(steps) == limit {
				return ended
			}
			steps = append(steps, "wait")
			return nil
		}, func(fresh int) { steps = append(steps, fmt.Sprint("fresh ", fresh)) },
			func(w wanted) { steps = append(steps, fmt.Sprint(w.message.MsgSeq)) })
	}
	require.NoError(t, read(-1))
	assert.Equal(t, []string{"fresh 2", "wait", "1", "wait", "2", "fresh 0", "fresh 1", "wait", "3"}, steps)
	require.ErrorIs(t, read(3), ended)
	assert.Equal(t, []string{"fresh 2", "wait", "1"}, steps)
}

// Lines of a form that is not known are no success. Log lines of webhooks that need no replay are.
func TestLines_NotUnderstood(t *testing.T) {
	p := newPast(t)
	for verb, lines := range map[string][]string{
		"replay":   {"@TGS#g 1", `{"GroupId":"@TGS#g","MsgSeq":"one"}`, `{"GroupId":"@TGS#g"}`, "group,seq\n@TGS#g,1", `[{"GroupId":"@TGS#g","MsgSeq":1}]`, "\n \nSTART RequestId: 5f1d"},
		"backfill": {"@TGS#g", "@TGS#g one", "@TGS#g,1", "'@TGS#g' 1 2", "@TGS#g -1"},
		"verify":   {"@TGS#g", "g,1"},
	} {
		if verb == "verify" { // which needs a store
			status, _, stderr := try(t, p.environ, "@TGS#g 2", "backfill")
			require.Equal(t, exitOK, status, stderr)
		}
		args := []string{verb, "-"}
		if verb == "backfill" {
			args = args[:1]
		}
		for _, text := range lines {
			status, _, stderr := try(t, p.environ, text, args...)
			assert.Equal(t, exitFailed, status, "%s: %s", verb, text)
			assert.Contains(t, stderr, "no line of standard input names a message", text)
		}
		for _, text := range []string{"", "\n\n", `{"fate":"accepted","group_id":"@TGS#g","msg_seq":1}` + "\ngarbage"} {
			status, _, stderr := try(t, p.environ, text, args...)
			assert.Equal(t, exitOK, status, "%s: %s: %s", verb, text, stderr)
		}
	}
}

// A lost announcement is repeated: the message is known, and nothing is read or told yet.
func TestReplay_AnnouncesWhatStandardInputNames(t *testing.T) {
	path := t.TempDir() + "/state.db"
	environ := []string{
		"MSGEXT_SDK_APP_ID=" + app, "MSGEXT_STATE=sqlite:" + path,
		"MSGEXT_CHAT_ENDPOINT=http://127.0.0.1:1", "MSGEXT_CHAT_ADMIN=administrator", "MSGEXT_CHAT_SECRET_KEY=key",
	}
	line := `{"fate":"accepted","group_id":"g","msg_seq":1,"announced":false}`
	status, _, said := try(t, environ, line+"\n"+line, "replay", "-")
	assert.Equal(t, exitOK, status, said)
	assert.Contains(t, said, "replay: 2 lines, 1 messages: 0 replayed, 0 that Chat has no more, 0 failed, 1 announced")
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	record, err := store.Load(t.Context(), msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 1})
	require.NoError(t, err)
	assert.False(t, record.Check.Announced.IsZero())
	assert.False(t, record.Check.Due.After(record.Check.Announced))
}

func TestReplay_TakesWhatStandardInputNames(t *testing.T) {
	chat := chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key"})
	rest := httptest.NewServer(chat.Handler())
	defer rest.Close()
	consumer := consumertest.New()
	endpoint := httptest.NewServer(consumer)
	defer endpoint.Close()
	messages := []msgext.Message{{SDKAppID: app, GroupID: "g", MsgSeq: 1}, {SDKAppID: app, From: "a", To: "b", MsgKey: "1_2_3"}}
	for _, m := range messages {
		_, err := chat.Change(chatsim.Change{Message: m, Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: "alice", Value: "1"}}})
		require.NoError(t, err)
	}
	environ := []string{
		"MSGEXT_SDK_APP_ID=" + app, "MSGEXT_STATE=sqlite:" + t.TempDir() + "/state.db", "MSGEXT_SINKS=" + endpoint.URL,
		"MSGEXT_CHAT_ENDPOINT=" + rest.URL, "MSGEXT_CHAT_ADMIN=administrator", "MSGEXT_CHAT_SECRET_KEY=key",
	}
	do := func(stdin string, args ...string) (int, string) {
		status, _, stderr := try(t, environ, stdin, args...)
		return status, stderr
	}

	status, said := do(`START
{"fate":"deferred","group_id":"g","msg_seq":1}
{"fate":"deferred","group_id":"g","msg_seq":1}
{"fate":"accepted","group_id":"other","msg_seq":1}
{"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}
{"GroupId":"never","MsgSeq":1}
`, "replay", "-")
	assert.Equal(t, exitOK, status, said)
	assert.Contains(t, said, "replay: 6 lines, 3 messages: 2 replayed, 1 that Chat has no more, 0 failed")
	for _, m := range messages {
		assert.Equal(t, chat.Truth(m), consumer.Reply(m))
	}

	_, err := chat.Change(chatsim.Change{Message: messages[0], Operation: msgext.Clear})
	require.NoError(t, err)
	status, said = do("", "replay", "g", "1")
	assert.Equal(t, exitOK, status, said)
	assert.Equal(t, "replay: 1 messages: 1 replayed, 0 that Chat has no more, 0 failed\n", said)
	assert.Equal(t, chat.Truth(messages[0]), consumer.Reply(messages[0]))

	for seq, want := range map[string]string{ // once it printed nothing
		"1": `{"lines":0,"messages":1,"replayed":1,"gone":0,"failed":0,"announced":0}`,
		"9": `{"lines":0,"messages":1,"replayed":0,"gone":1,"failed":0,"announced":0}`,
	} {
		_, stdout, _ := try(t, environ, "", "replay", "--json", "g", seq)
		assert.JSONEq(t, want, stdout)
	}

	plain := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: 2}
	chat.Add(plain)
	status, said = do("g 1\n", "replay", "-")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, said, "1 lines, 0 messages", "a log may have such lines by chance")
	status, said = do("g 1\ng 2\ng 3\n", "backfill")
	assert.Equal(t, exitOK, status, said)
	assert.Contains(t, said, "backfill: 3 looked at, 3 messages read: 1 with extensions, 2 without, 0 that Chat has no more, 0 failed")

	consumer.SetDown(true)
	status, said = do(`{"GroupId":"g","MsgSeq":1}`, "replay", "-")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, said, "0 replayed, 0 that Chat has no more, 1 failed")

	for _, args := range [][]string{nil, {"g"}, {"g", "x"}, {"", "1"}, {"a", "b", ""}, {"a", "b", "c", "d"}} {
		status, said = do("", append([]string{"replay"}, args...)...)
		assert.Equal(t, exitUsage, status)
		assert.Contains(t, said, "usage: msgext replay")
	}
}
