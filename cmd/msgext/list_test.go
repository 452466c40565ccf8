package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state/sqlitestate"
)

// list reads all pages, and leaves out other groups and other apps.
func TestList(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	const many = 2*eachPage + 1
	for seq := range int64(many) {
		require.NoError(t, store.Announce(t.Context(), msgext.Message{SDKAppID: "1400000000", GroupID: "g", MsgSeq: seq}, time.Now(), time.Now()))
	}
	for _, other := range []msgext.Message{
		{SDKAppID: "1400000000", From: "a", To: "b", MsgKey: "1_2_3"},
		{SDKAppID: "1400000000", GroupID: "h", MsgSeq: 1},
		{SDKAppID: "1400000001", GroupID: "g", MsgSeq: 1},
	} {
		require.NoError(t, store.Announce(t.Context(), other, time.Now(), time.Now()))
	}
	require.NoError(t, store.Close())
	lines := func(args ...string) []string {
		status, stdout, stderr := try(t, []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=1400000000"}, "", append([]string{"list"}, args...)...)
		require.Equal(t, exitOK, status, stderr)
		return strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	}
	all := lines()
	assert.Len(t, all, many+2)
	assert.Contains(t, all, `{"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}`)
	assert.Equal(t, []string{`{"GroupId":"h","MsgSeq":1}`}, lines("--group", "h"))
	assert.Len(t, lines("--group", "g"), many)
}
