package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/state/sqlitestate"
)

// past is a Chat whose messages were sent before anything received its webhooks, with what the test
// can ask.
type past struct {
	chat     *chatsim.Sim
	consumer *consumertest.Consumer
	environ  []string
	state    string
	call     func() // called with each REST call; may be nil
}

func newPast(t *testing.T) *past {
	t.Helper()
	p := &past{consumer: consumertest.New(), state: t.TempDir() + "/state.db"}
	p.chat = chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key", Trouble: func(int, string) int {
		if p.call != nil {
			p.call()
		}
		return 0
	}})
	rest, endpoint := httptest.NewServer(p.chat.Handler()), httptest.NewServer(p.consumer)
	t.Cleanup(rest.Close)
	t.Cleanup(endpoint.Close)
	p.environ = []string{
		"MSGEXT_SDK_APP_ID=" + app, "MSGEXT_STATE=sqlite:" + p.state, "MSGEXT_SINKS=" + endpoint.URL,
		"MSGEXT_CHAT_ENDPOINT=" + rest.URL, "MSGEXT_CHAT_ADMIN=administrator", "MSGEXT_CHAT_SECRET_KEY=key", "MSGEXT_REPAIR_GRACE=1s",
	}
	return p
}

func (p *past) set(t *testing.T, m msgext.Message, value string) {
	t.Helper()
	_, err := p.chat.Change(chatsim.Change{Message: m, Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: "alice", Value: value}}})
	require.NoError(t, err)
}

// known returns the messages that the store has, as the verb list prints them.
func (p *past) known(t *testing.T) []string {
	t.Helper()
	status, stdout, stderr := try(t, p.environ, "", "list")
	require.Equal(t, exitOK, status, stderr)
	return strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
}

func groupMessage(seq int64) msgext.Message {
	return msgext.Message{SDKAppID: app, GroupID: "@TGS#g", MsgSeq: seq}
}

// The requested messages of a group's history are read. Of those without extensions nothing is
// stored and nothing is told.
func TestBackfill_Group(t *testing.T) {
	for name, test := range map[string]struct {
		variable string
		args     string
		want     []int64
		passed   int
	}{
		"all":                     {"", "--all", []int64{1, 3, 5, 7, 9, 11}, 12},
		"a text":                  {"", "--containing note", []int64{1, 3, 5}, 12},
		"several texts":           {"", "--containing=note --containing=group_poll", []int64{1, 3, 5, 7, 9}, 12},
		"as announcements are":    {"MSGEXT_ANNOUNCE=group_poll", "", []int64{7, 9}, 12},
		"as all announcements":    {"MSGEXT_ANNOUNCE=*", "", []int64{1, 3, 5, 7, 9, 11}, 12},
		"from a message on":       {"", "--all --up-to 6", []int64{1, 3, 5}, 6},
		"a text and announcement": {"MSGEXT_ANNOUNCE=group_poll", "--containing note", []int64{1, 3, 5}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPast(t)
			for seq := int64(1); seq <= 12; seq++ {
				post := chatsim.Post{From: "bob", At: time.Now(), Data: `{"businessID":"note"}`}
				switch {
				case seq > 10:
					post.Data = `{}`
				case seq > 6:
					post.Data = `{"businessID":"group_poll"}`
				}
				p.chat.Post(groupMessage(seq), post)
				if seq%2 == 1 {
					p.set(t, groupMessage(seq), "yes")
				}
			}
			status, _, stderr := try(t, append(p.environ, test.variable), "", append([]string{"backfill", "--rate", "100", "--group", "@TGS#g"}, strings.Fields(test.args)...)...)
			require.Equal(t, exitOK, status, stderr)
			assert.Contains(t, stderr, fmt.Sprintf("backfill: %d looked at, ", test.passed))
			assert.Contains(t, stderr, fmt.Sprintf(": %d with extensions, ", len(test.want)))
			var want []string
			for _, seq := range test.want {
				want = append(want, fmt.Sprintf(`{"GroupId":"@TGS#g","MsgSeq":%d}`, seq))
				assert.Equal(t, p.chat.Truth(groupMessage(seq)), p.consumer.Reply(groupMessage(seq)))
			}
			assert.ElementsMatch(t, want, p.known(t))
			assert.Len(t, p.consumer.Repaired(), len(want), "nobody is told of others")
		})
	}
}

// The message is found whichever of the two accounts Chat's read expects first.
func TestBackfill_C2C(t *testing.T) {
	p := newPast(t)
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var messages []msgext.Message
	for n := range 4 {
		at := day.Add(time.Duration(n) * time.Hour)
		m := msgext.Message{SDKAppID: app, From: "alice", To: "bob", MsgKey: fmt.Sprintf("%d_7_%d", n, at.Unix())}
		if n%2 == 1 {
			m.From, m.To = m.To, m.From
		}
		p.chat.Post(m, chatsim.Post{At: at, Data: "{}"})
		p.set(t, m, "yes")
		messages = append(messages, m)
	}
	status, stdout, stderr := try(t, p.environ, "", "backfill", "--json", "--rate", "100", "--all", "--from", "bob", "--to", "alice", "--since", "2026-11-01T01:00:00Z", "--until", "2026-11-02")
	require.Equal(t, exitOK, status, stderr)
	assert.Contains(t, stdout, `{"passed":3,"named":3,"found":3,"without":0,"gone":0,"failed":0`)
	for _, m := range messages[1:] {
		assert.Equal(t, p.chat.Truth(m), p.consumer.Reply(m))
	}
	assert.Len(t, p.known(t), 3)
}

// When it is interrupted it prints a command line that does the rest.
func TestBackfill_Interrupted(t *testing.T) {
	p := newPast(t)
	for seq := int64(1); seq <= 50; seq++ {
		p.set(t, groupMessage(seq), "yes")
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var calls atomic.Int64
	p.call = func() {
		if calls.Add(1) == 30 { // two pages of history, and all messages of the first
			interrupt()
		}
	}
	var stdout, stderr bytes.Buffer
	status := run(ctx, []string{"backfill", "--all", "--rate", "100", "--group", "@TGS#g"}, console{p.environ, strings.NewReader(""), &stdout, &stderr, wait})
	p.call = nil
	assert.Equal(t, exitFailed, status)
	_, again, found := strings.Cut(stderr.String(), "interrupted; to go on: msgext ")
	require.True(t, found, stderr.String())
	assert.Equal(t, "backfill --group '@TGS#g' --all --up-to 30 --rate 100\n", again)
	assert.Less(t, len(p.known(t)), 50)

	// split as a shell does
	words, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "printf '%s\n' "+again).Output()
	require.NoError(t, err)
	status, _, said := try(t, p.environ, "", strings.Split(strings.TrimSpace(string(words)), "\n")...)
	require.Equal(t, exitOK, status, said)
	assert.Contains(t, said, "30 looked at")
	assert.Len(t, p.known(t), 50)
}

// A message that cannot be read is named in a form that can be given back, and the others are read.
// It was once named by an escaped path, which nothing takes.
func TestBackfill_WhatFails(t *testing.T) {
	private := msgext.Message{SDKAppID: app, From: "a/b <c>", To: "ü d", MsgKey: "1_2_3"}
	p := newPast(t)
	p.set(t, groupMessage(1), "yes")
	p.set(t, private, "yes")
	names := "@TGS#g 1\n@TGS#g 2\n" + `{"From_Account":"a/b <c>","To_Account":"ü d","MsgKey":"1_2_3"}`
	p.consumer.SetDown(true)
	status, _, stderr := try(t, p.environ, names, "backfill")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, `{"GroupId":"@TGS#g","MsgSeq":1,"error":"tell `)
	assert.Contains(t, stderr, `{"From_Account":"a/b <c>","To_Account":"ü d","MsgKey":"1_2_3","error":"tell `)
	assert.Contains(t, stderr, "0 with extensions, 1 without, 0 that Chat has no more, 2 failed")
	assert.NotContains(t, stderr, "yes")

	p.consumer.SetDown(false)
	for _, args := range [][]string{{"backfill"}, {"replay", "-"}, {"verify", "-"}} {
		status, _, said := try(t, p.environ, stderr, args...)
		assert.Equal(t, exitOK, status, said)
		assert.Contains(t, said, "2 messages", args)
	}
	assert.Equal(t, p.chat.Truth(private), p.consumer.Reply(private))
}

func TestBackfill_Usage(t *testing.T) {
	for args, want := range map[string]string{
		"--group g --from a --to b --since 1h --all":            "two histories",
		"--from a --to b --all":                                 "go together",
		"--from a --since 1h --all":                             "go together",
		"--to b --all":                                          "go together",
		"--from a --to b --since yesterday --all":               "--since: neither a day",
		"--from a --to b --since -1h --all":                     "--since: neither a day",
		"--from a --to b --since 1h --until soon --all":         "--until: neither a day",
		"--from a --to b --since 2026-11-02 --until 2026-11-01": "--until lies before --since",
		"--group g --until 1h --all":                            "go with --from",
		"--up-to 7":                                             "goes with --group",
		"--group g --up-to -1 --all":                            "is a MsgSeq",
		"--all":                                                 "go with a history",
		"--containing x":                                        "go with a history",
		"--group g --all --containing x":                        "contradict each other",
		"--group g --skip 3 --all":                              "lines of standard input",
		"--rate 0":                                              "--rate is above 0",
		"--rate 101":                                            "--rate is above 0",
		"--group g":                                             "which messages?",
		"g 1":                                                   "unknown command",
	} {
		p := newPast(t)
		status, stdout, stderr := try(t, p.environ, "", append([]string{"backfill"}, strings.Fields(args)...)...)
		assert.Equal(t, exitUsage, status, args)
		assert.Contains(t, stderr, want, args)
		assert.Empty(t, stdout, args)
	}
}

func TestQuoted(t *testing.T) {
	for _, word := range []string{"plain-1.2_3", "@TGS#g", "", "a b", "it's", `"`, `$HOME\`, "`", "ü\n", "-", "*"} {
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "printf %s "+quoted(word)).Output()
		require.NoError(t, err)
		assert.Equal(t, word, string(out))
	}
}

// Every program's read can open the store that backfill has made.
func TestBackfill_MakesTheStore(t *testing.T) {
	p := newPast(t)
	p.set(t, groupMessage(1), "yes")
	status, _, stderr := try(t, p.environ, `{"GroupId":"@TGS#g","MsgSeq":1}`, "backfill")
	require.Equal(t, exitOK, status, stderr)
	store, err := sqlitestate.Open(t.Context(), p.state)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	record, err := store.Load(t.Context(), groupMessage(1))
	require.NoError(t, err)
	assert.Equal(t, p.chat.Truth(groupMessage(1)), record.State.Reply())
}
