package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/state/sqlitestate"
)

const app = "1400000000"

func TestLineReader_Parse(t *testing.T) {
	group := msgext.Message{SDKAppID: app, GroupID: "@TGS#g", MsgSeq: 7}
	c2c := msgext.Message{SDKAppID: app, From: "a", To: "b", MsgKey: "1_2_3"}
	tests := []struct {
		name, line string
		want       msgext.Message
	}{
		{"an announcement that was not taken", `{"fate":"accepted","group_id":"@TGS#g","msg_seq":7,"announced":false}`, group},
		{"as the REST API names it", `{"GroupId":"@TGS#g","MsgSeq":7}`, group},
		{"one-to-one", `{"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`, c2c},
		{"a deferred webhook", `{"level":"ERROR","msg":"webhook","fate":"deferred","group_id":"@TGS#g","msg_seq":7}`, group},
		{"a deferred webhook, one-to-one", `{"fate":"deferred","from_account":"a","to_account":"b","msg_key":"1_2_3"}`, c2c},
		{"behind what the platform writes", "2026-01-04T12:00:00Z\tid\t" + `{"fate":"deferred","group_id":"@TGS#g","msg_seq":7}`, group},
		{"an accepted webhook", `{"fate":"accepted","group_id":"@TGS#g","msg_seq":7}`, msgext.Message{}},
		{"a rejected webhook", `{"fate":"rejected","reason":"stale"}`, msgext.Message{}},
		{"half a name", `{"fate":"deferred","msg_key":"1_2_3"}`, msgext.Message{}},
		{"no JSON", `START RequestId: 5f1d`, msgext.Message{}},
		{"nothing", ``, msgext.Message{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := wanted{test.want, replay}
			switch {
			case test.want == msgext.Message{}:
				want.wish = ignored
			case strings.Contains(test.line, "announced"):
				want.wish = announce
			}
			assert.Equal(t, want, lineReader{app: app}.parse([]byte(test.line)))
		})
	}
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
	assert.Equal(t, chat.Truth(messages[0]), consumer.Reply(messages[0]))

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
