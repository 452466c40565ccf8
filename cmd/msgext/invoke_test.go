package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInvoke(t *testing.T) {
	webhookBinary, repairBinary := binaries.Build(t, "functions/scf/webhook"), binaries.Build(t, "functions/scf/repair")
	tests := []struct {
		name    string
		environ []string
		stdin   string
		args    []string
		status  int
		want    string
	}{
		{"made up", nil, "", []string{"webhook", webhookBinary}, exitOK, `\"OK\"`},
		{"as configured", append(signed, "MSGEXT_PATH=/secret"), "", []string{"webhook", webhookBinary, "sample-group-clear"}, exitOK, "com.tencent.chat.group.msgextension.cleared"},
		{"refused", signed, "", []string{"webhook", webhookBinary, "auth-stale"}, exitOK, "403"},
		{"an event", signed, `{"httpMethod":"GET"}`, []string{"webhook", webhookBinary, "-"}, exitOK, "405"},
		{"configured wrong", append(signed, "MSGEXT_SINKS=sqs://q"), "", []string{"webhook", webhookBinary}, exitFailed, "MSGEXT_SINKS"},
		{"repair without its variables", signed, "", []string{"repair", repairBinary}, exitFailed, "MSGEXT_CHAT_SECRET_KEY: missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := try(t, test.environ, test.stdin, append([]string{"invoke"}, test.args...)...)
			assert.Equal(t, test.status, status, stdout+stderr)
			assert.Contains(t, stdout+stderr, test.want)
		})
	}
}
