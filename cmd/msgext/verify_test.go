package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
)

// verify prints what differs: keys and versions without values. With --repair such a message is
// doubted, so that repair reads it back.
func TestVerify(t *testing.T) {
	p := newPast(t)
	lines := ""
	for seq := int64(1); seq <= 5; seq++ {
		p.set(t, groupMessage(seq), "planted")
		lines += fmt.Sprintf("@TGS#g %d\n", seq)
	}
	status, _, stderr := try(t, p.environ, lines, "backfill", "--rate", "100")
	require.Equal(t, exitOK, status, stderr)
	status, stdout, stderr := try(t, p.environ, "", "verify")
	require.Equal(t, exitOK, status, stderr)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "verify: 5 messages: 5 equal, 0 differ, 0 that Chat has no more, 0 undecided, 0 failed")

	p.set(t, groupMessage(2), "another")
	p.chat.Remove(groupMessage(4))
	const two = `{"GroupId":"@TGS#g","MsgSeq":2,"comparison":"differs","version":1,"chat_version":2,"keys":[{"key":"alice","version":1,"chat_version":2}]}`
	const four = `{"GroupId":"@TGS#g","MsgSeq":4,"comparison":"gone","version":1,"chat_version":0}`
	t.Run("what differs", func(t *testing.T) {
		for args, want := range map[string][]string{
			"":                  {two, four},
			"@TGS#g 2":          {two},
			"@TGS#g 3":          nil,
			"-":                 {two},
			"--sample 100":      {two, four},
			"--values @TGS#g 2": {strings.Replace(two, `"chat_version":2}]`, `"chat_version":2,"value":"planted","chat_value":"another"}]`, 1)},
		} {
			t.Run(args, func(t *testing.T) {
				t.Parallel() // each waits for the grace time
				status, stdout, stderr := try(t, p.environ, `{"GroupId":"@TGS#g","MsgSeq":2}`+"\n@TGS#g 3\n", append([]string{"verify"}, strings.Fields(args)...)...)
				got := strings.FieldsFunc(stdout, func(c rune) bool { return c == '\n' })
				assert.ElementsMatch(t, want, got)
				assert.Equal(t, len(want) > 0, status == exitFailed, stderr)
			})
		}
	})

	status, stdout, stderr = try(t, p.environ, "", "verify", "--repair", "--json")
	assert.Equal(t, exitFailed, status, stderr)
	assert.Contains(t, stdout, `{"compared":5,"equal":3,"differing":1,"gone":1,"undecided":0,"failed":0,"doubted":2}`)
	assert.NotContains(t, stdout+stderr, "planted")
	status, stdout, _ = try(t, p.environ, "", "verify")
	assert.Equal(t, exitOK, status, "what waits for repair is not a difference")
	assert.Contains(t, stdout, `"comparison":"undecided"`)

	// The output of verify is an input of replay.
	status, _, stderr = try(t, p.environ, two+"\n"+four, "replay", "-")
	assert.Equal(t, exitOK, status, stderr)
	status, _, stderr = try(t, p.environ, "", "verify")
	assert.Equal(t, exitOK, status, stderr)
	assert.Contains(t, stderr, "0 differ, 0 that Chat has no more", "the doubts stay until a later read")
	assert.Equal(t, p.chat.Truth(groupMessage(2)), p.consumer.Reply(groupMessage(2)))
}

func TestVerify_WhatCannotBeCompared(t *testing.T) {
	p := newPast(t)
	p.set(t, groupMessage(1), "yes")
	status, _, stderr := try(t, p.environ, "", "verify", "@TGS#g", "1")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, "no store at this path, and none is made")
	assert.NoFileExists(t, p.state)
	status, _, stderr = try(t, p.environ, "@TGS#g 2", "backfill")
	require.Equal(t, exitOK, status, stderr)
	status, _, stderr = try(t, p.environ, "", "verify", "@TGS#g", "1")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, "message not found")
	for _, args := range []string{"g", "a b c d", "g x", "--sample 0", "--sample 3 g 1", "--sample x"} {
		status, _, stderr := try(t, p.environ, "", append([]string{"verify"}, strings.Fields(args)...)...)
		assert.Equal(t, exitUsage, status, args)
		assert.Contains(t, stderr, "usage: msgext verify", args)
	}
}

// Who names a one-to-one message with its accounts exchanged was once told that it does not exist.
func TestVerify_ExchangedAccounts(t *testing.T) {
	private := msgext.Message{SDKAppID: app, From: "alice", To: "bob", MsgKey: "1_2_3"}
	p := newPast(t)
	p.set(t, private, "yes")
	status, _, stderr := try(t, p.environ, `{"From_Account":"alice","To_Account":"bob","MsgKey":"1_2_3"}`, "backfill")
	require.Equal(t, exitOK, status, stderr)
	status, _, stderr = try(t, p.environ, "", "verify", "bob", "alice", "1_2_3")
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr, `"error":"state: message not found: state: the store has it with From_Account and To_Account exchanged"`)
	status, _, stderr = try(t, p.environ, "", "verify", "bob", "alice", "1_2_4")
	assert.Equal(t, exitFailed, status)
	assert.NotContains(t, stderr, "exchanged")

	p.chat.Remove(private)
	p.set(t, private.Exchanged(), "yes")
	status, stdout, stderr := try(t, p.environ, "", "verify", "alice", "bob", "1_2_3")
	assert.Equal(t, exitFailed, status, stderr)
	assert.JSONEq(t, `{"From_Account":"alice","To_Account":"bob","MsgKey":"1_2_3","comparison":"gone","version":1,"chat_version":0,"exchanged":true}`, stdout)
}
