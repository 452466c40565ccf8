package main

import (
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

func TestReadAndForget(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	message := msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1", MsgSeq: 7}
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(message, 1, "option 2", "alice"), time.Now(), state.MarkNow))
	lost := msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1", MsgSeq: 9}
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(lost, 2, "option 2", "alice"), time.Now(), state.MarkNow))
	require.NoError(t, store.Close())

	environ := []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=1400000000"}
	tests := []struct {
		name       string
		args       []string
		environ    []string
		want       int
		wantOutput string
	}{
		{"read", []string{"read", "@TGS#1", "7"}, environ, 0, `"ExtensionList":[{"Key":"alice","Value":"option 2","Seq":1}]`},
		{"count", []string{"read", "--tally", "values", "@TGS#1", "7"}, environ, 0, `{"values":[{"value":"option 2","count":1}],"keys":1,"LatestSeq":1,"Gap":false}` + "\n"},
		{"count votes", []string{"read", "--tally=poll", "@TGS#1", "7"}, environ, 0, `{"options":[],"voters":0,"closed":false,"LatestSeq":1,"Gap":false}` + "\n"},
		{"count something else", []string{"read", "--tally", "votes", "@TGS#1", "7"}, environ, 2, "usage:"},
		{"a gap", []string{"read", "@TGS#1", "9"}, environ, 0, "gap: something is known to be missing"},
		{"forget another group's", []string{"forget", "@TGS#2", "7"}, environ, 1, "message not found"},
		{"forget another case", []string{"forget", "@tgs#1", "7"}, environ, 1, "message not found"},
		{"forget another app's", []string{"forget", "@TGS#1", "7"}, []string{environ[0], "MSGEXT_SDK_APP_ID=1400000001"}, 1, "message not found"},
		{"forget counts nothing", []string{"forget", "--tally", "poll", "@TGS#1", "7"}, environ, 2, "usage:"},
		{"another message", []string{"read", "@TGS#1", "8"}, environ, 1, "not found"},
		{"one-to-one", []string{"read", "a", "b", "1_2_3"}, environ, 1, "not found"},
		{"no app", []string{"read", "@TGS#1", "7"}, environ[:1], 2, "MSGEXT_SDK_APP_ID: missing"},
		{"no verb", nil, environ, 2, "usage:"},
		{"no number", []string{"read", "@TGS#1", "x"}, environ, 2, "usage:"},
		{"configuration", []string{"read", "@TGS#1", "7"}, []string{"MSGEXT_STATE=x"}, 2, "MSGEXT_STATE"},
		{"forget", []string{"forget", "@TGS#1", "7"}, environ, 0, "forgotten\n"},
		{"forgotten", []string{"read", "@TGS#1", "7"}, environ, 1, "not found"},
		{"forget again", []string{"forget", "@TGS#1", "7"}, environ, 1, "message not found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := try(t, test.environ, "", test.args...)
			assert.Equal(t, test.want, status)
			assert.Contains(t, stdout+stderr, test.wantOutput)
		})
	}
}

// Who names a one-to-one message with its accounts exchanged was once told only that it is not
// there.
func TestReadAndForget_ExchangedAccounts(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	message := msgext.Message{SDKAppID: app, From: "alice", To: "bob", MsgKey: "1_2_3"}
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(message, 1, "yes", "alice"), time.Now(), state.MarkNow))
	require.NoError(t, store.Close())
	environ := []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=" + app}
	for _, verb := range []string{"read", "forget"} {
		status, stdout, stderr := try(t, environ, "", verb, "bob", "alice", "1_2_3")
		assert.Equal(t, exitFailed, status, verb)
		assert.Contains(t, stderr, "message not found: state: the store has it with From_Account and To_Account exchanged", verb)
		assert.Empty(t, stdout, verb)
		status, _, stderr = try(t, environ, "", verb, "bob", "alice", "1_2_4")
		assert.Equal(t, exitFailed, status, verb)
		assert.NotContains(t, stderr, "exchanged", verb)
		status, _, stderr = try(t, environ, "", verb, "alice", "bob", "1_2_3")
		assert.Equal(t, exitOK, status, "%s: %s", verb, stderr)
	}
}

// Reading and erasing never make a store. With one made for a mistyped path, every message would
// seem to be missing.
func TestStore_IsNotMade(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(folder+"/empty.db", nil, 0o600))
	require.NoError(t, os.WriteFile(folder+"/text.db", []byte("no database, of more than sixteen bytes"), 0o600))
	for _, path := range []string{folder + "/typo.db", folder + "/no/such/folder.db", folder + "/empty.db", folder + "/text.db", folder + "/."} {
		for _, verb := range []string{"read", "forget"} {
			status, stdout, stderr := try(t, []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=1"}, "", verb, "g", "1")
			assert.Equal(t, exitFailed, status, path)
			assert.Contains(t, stderr, "no store at this path, and none is made", path)
			assert.Empty(t, stdout)
		}
	}
	var left []string
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	assert.Equal(t, []string{"empty.db", "text.db"}, left)
	empty, err := os.ReadFile(folder + "/empty.db")
	require.NoError(t, err)
	assert.Empty(t, empty)
}

// A file that was cut short, as by a full disk or a copy of a running store, is not called no
// store.
func TestStore_ThatCannotBeRead(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, store.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()/2))
	for _, verb := range []string{"read", "forget"} {
		status, stdout, stderr := try(t, []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=1"}, "", verb, "g", "1")
		assert.Equal(t, exitFailed, status)
		assert.Contains(t, stderr, "the store's file cannot be read")
		assert.NotContains(t, stderr, "no store")
		assert.Empty(t, stdout)
	}
}

// The output is the answer of the read function.
func TestRead_AnswersAsTheFunctionDoes(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	message := msgext.Message{SDKAppID: "1400000000", From: "a", To: "b", MsgKey: "1_2_3"}
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(message, 1, "0_1", "alice_0", "bob_0"), time.Now(), state.MarkNow))
	handler := reader.New(reader.Options{Store: store, SDKAppID: "1400000000"})
	for _, tally := range []string{"", "values", "poll"} {
		target, args := "/api/c2c/a/b/messages/1_2_3/extensions", []string{"read"}
		if tally != "" {
			target, args = target+"?tally="+tally, append(args, "--tally", tally)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", target, nil))
		status, stdout, stderr := try(t, []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=1400000000"}, "", append(args, "a", "b", "1_2_3")...)
		require.Equal(t, exitOK, status)
		assert.Equal(t, answer.Body.String()+"\n", stdout)
		assert.Empty(t, stderr)
	}
}
