package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

// A user's key is looked for in everything that is stored of the app's messages: in what webhooks
// said, including deletions, and in reads.
func TestForget_Key(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	group := func(seq int64) msgext.Message { return msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: seq} }
	apply := func(event msgext.Event) {
		t.Helper()
		require.NoError(t, store.Apply(t.Context(), event, time.Now(), state.MarkNow))
	}
	apply(statetest.SetEvent(group(1), 1, "1", "alice", "bob"))
	apply(statetest.SetEvent(group(2), 1, "1", "bob"))
	deleted := statetest.SetEvent(group(3), 1, "", "alice")
	deleted.Operation = msgext.Delete
	apply(deleted)
	require.NoError(t, store.Merge(t.Context(), group(4), msgext.Snapshot{Number: 1, Latest: 1, KeyValues: []msgext.KeyValue{{Key: "alice", Value: "1", Seq: 1}}}))
	require.NoError(t, store.Merge(t.Context(), group(5), msgext.Snapshot{Number: 1, Latest: 1, Ahead: 2, Newer: []msgext.KeyValue{{Key: "alice", Value: "1", Seq: 2}}}))
	other := statetest.SetEvent(group(1), 1, "1", "alice")
	other.Message.SDKAppID = "1400000001"
	apply(other)
	require.NoError(t, store.Close())

	environ := []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=" + app}
	status, stdout, stderr := try(t, environ, "", "forget", "--key", "alice")
	assert.Equal(t, exitOK, status, stderr)
	assert.Equal(t, "forget: 5 messages, 4 forgotten\n", stderr)
	for _, message := range []string{`{"GroupId":"g","MsgSeq":1}`, `{"GroupId":"g","MsgSeq":3}`, `{"GroupId":"g","MsgSeq":4}`, `{"GroupId":"g","MsgSeq":5}`} {
		assert.Contains(t, stdout, message+"\n")
	}
	assert.NotContains(t, stdout, `"MsgSeq":2`)

	status, _, stderr = try(t, environ, "", "forget", "--key", "alice")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, "message not found")
	status, stdout, _ = try(t, environ, "", "list")
	assert.Equal(t, exitOK, status)
	assert.Equal(t, `{"GroupId":"g","MsgSeq":2}`+"\n", stdout, "nobody else's message")
	status, _, _ = try(t, []string{environ[0], "MSGEXT_SDK_APP_ID=1400000001"}, "", "read", "g", "1")
	assert.Equal(t, exitOK, status, "nor another app's")
}

// stuck lists the messages that repair has given up. It lists those that repair still tries only
// with --open.
func TestStuck(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	now := time.Date(2026, 11, 26, 17, 0, 0, 0, time.UTC)
	for seq := range int64(3) {
		message := msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: seq}
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(message, 2, "1", "alice"), now, state.MarkNow))
		record, err := store.Load(t.Context(), message)
		require.NoError(t, err)
		outcome := state.Outcome{Revision: record.Check.Revision, Due: now.Add(time.Minute), Tries: int(seq)}
		outcome.GaveUp = seq == 2
		require.NoError(t, store.SaveCheck(t.Context(), message, outcome))
	}
	require.NoError(t, store.Close())
	environ := []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=" + app}
	const givenUp = `{"GroupId":"g","MsgSeq":2,"standing":"stuck","tries":2,"due":"2026-11-26T17:01:00Z","heard":"2026-11-26T17:00:00Z"}` + "\n"
	status, stdout, stderr := try(t, environ, "", "stuck")
	assert.Equal(t, exitFailed, status)
	assert.Equal(t, givenUp, stdout)
	assert.Contains(t, stderr, "repair has given up")
	assert.Len(t, lineReader{app: app}.parse([]byte(stdout)), 1, "replay takes it")
	status, stdout, _ = try(t, environ, "", "stuck", "--open")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stdout, `"MsgSeq":1,"standing":"open"`)
	assert.NotContains(t, stdout, `"MsgSeq":0`)
	status, _, _ = try(t, []string{environ[0], "MSGEXT_SDK_APP_ID=1"}, "", "stuck")
	assert.Equal(t, exitOK, status)
}
