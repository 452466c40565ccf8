package main

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/processtest"
	"msgext/internal/vectortest"
)

func TestServer_RefusesAWrongStart(t *testing.T) {
	sound := []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_STATE=memory:"}
	tests := []struct {
		name    string
		environ []string
		args    []string
		want    string
	}{
		{"nothing configured", nil, nil, "MSGEXT_SDK_APP_ID: missing, for example: 1400000000\n  MSGEXT_TOKEN: missing"},
		{"no store", sound[:2], nil, "MSGEXT_STATE: missing"},
		{"half of the REST access", append(sound, "MSGEXT_CHAT_ADMIN=a"), nil, "MSGEXT_CHAT_SECRET_KEY go together"},
		{"address", sound, []string{"-addr", "0.0.0.0:0"}, "serves on loopback only"},
		{"argument", sound, []string{"serve"}, `unexpected argument "serve"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, 2, run(t.Context(), test.args, test.environ, &stdout, &stderr))
			assert.Contains(t, stderr.String(), test.want)
			assert.Empty(t, stdout.String())
		})
	}
}

// Below /console/ there is nothing here but another path that takes webhooks, and no token is made up or shown.
func TestServer_HasNoConsole(t *testing.T) {
	server := processtest.StartLocal(t, binaries.Build(t, "functions/server"), []string{
		"MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_STATE=memory:",
	})
	status, reply := processtest.Exchange(t, "GET", server.URL+"/console/", "")
	assert.Equal(t, 405, status, reply)
	assert.NotContains(t, server.Greeting(), "Sign=")
	assert.Zero(t, server.Signal(t, syscall.SIGTERM))
}
