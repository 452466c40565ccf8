package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

func TestRun(t *testing.T) {
	path := t.TempDir() + "/state.db"
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	message := msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1", MsgSeq: 7}
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(message, 1, "option 2", "alice"), time.Now(), true))
	require.NoError(t, store.Close())

	environ := []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_SDK_APP_ID=1400000000"}
	tests := []struct {
		name       string
		args       []string
		environ    []string
		want       int
		wantOutput string
	}{
		{"read", []string{"read", "@TGS#1", "7"}, environ, 0, `"Value": "option 2"`},
		{"another message", []string{"read", "@TGS#1", "8"}, environ, 1, "not found"},
		{"one-to-one", []string{"read", "a", "b", "1_2_3"}, environ, 1, "not found"},
		{"no app", []string{"read", "@TGS#1", "7"}, environ[:1], 2, "usage:"},
		{"no verb", nil, environ, 2, "usage:"},
		{"no number", []string{"read", "@TGS#1", "x"}, environ, 2, "usage:"},
		{"configuration", []string{"read", "@TGS#1", "7"}, []string{"MSGEXT_STATE=x"}, 2, "MSGEXT_STATE"},
		{"forget", []string{"forget", "@TGS#1", "7"}, environ, 0, ""},
		{"forgotten", []string{"read", "@TGS#1", "7"}, environ, 1, "not found"},
		{"forget again", []string{"forget", "@TGS#1", "7"}, environ, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, test.want, run(t.Context(), test.args, test.environ, &stdout, &stderr))
			assert.Contains(t, stdout.String()+stderr.String(), test.wantOutput)
		})
	}
}
