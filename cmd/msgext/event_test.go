package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
	"msgext/pkg/gateway"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/gateway/scfgw"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// The function accepts a printed event: it is what the gateway would send, and it is signed now.
func TestEvent_IsTakenByTheFunction(t *testing.T) {
	handler := receiver.New(receiver.Options{Verifier: webhook.Verifier{SDKAppID: "1600000001", Tokens: []secret.String{"new"}}, Path: "/chat"})
	clouds := map[string]*gateway.Adapter{"aws": awsgw.New(handler, http.NotFoundHandler()), "scf": scfgw.New(handler, http.NotFoundHandler())}
	for _, name := range eventNames() {
		if _, found := scheduled()[name]; found {
			continue
		}
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := try(t, append(signed, "MSGEXT_PATH=/chat"), "", "event", name, "sample-group-clear")
			require.Equal(t, exitOK, status, stderr)
			assert.Empty(t, stderr)
			cloud, _, _ := strings.Cut(name, "/")
			response, err := clouds[cloud].Invoke(t.Context(), []byte(stdout))
			require.NoError(t, err)
			assert.NoError(t, acknowledged.checkEvent(response))
		})
	}
}

func TestEvent(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		stdin   string
		args    []string
		status  int
		want    string
	}{
		{"a schedule", nil, "", []string{"aws/schedule"}, exitOK, "Scheduled Event"},
		{"a timer", nil, "", []string{"scf/timer"}, exitOK, "TriggerName"},
		{"a timer with a sample", nil, "", []string{"scf/timer", "probe"}, exitUsage, "has no sample in it"},
		{"the published example's token", nil, "", []string{"aws/alb"}, exitOK, "MSGEXT_TOKEN=xxxxyyyy are the published example's"},
		{"half of what it takes", signed[:1], "", []string{"aws/alb"}, exitUsage, "set both MSGEXT_SDK_APP_ID and MSGEXT_TOKEN, or neither"},
		{"a body of your own", signed, `{"CallbackCommand":"Group.CallbackAfterGroupFull"}`, []string{"aws/http-v2", "-"}, exitOK, "Group.CallbackAfterGroupFull"},
		{"misspelt", signed, "", []string{"aws/httpv2"}, exitUsage, "did you mean aws/http-v2?"},
		{"unknown", signed, "", []string{"azure"}, exitUsage, "there are aws/alb"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := try(t, test.environ, test.stdin, append([]string{"event"}, test.args...)...)
			assert.Equal(t, test.status, status, stderr)
			assert.Contains(t, stdout+stderr, test.want)
			assert.Equal(t, status == exitOK, json.Valid([]byte(stdout)))
		})
	}
}

// The signature is of the time of printing.
func TestEvent_IsFresh(t *testing.T) {
	at := time.Unix(1795478400, 0)
	event, err := eventNamed("aws/http-v2", nil, console{environ: signed}, at)
	require.NoError(t, err)
	assert.Contains(t, string(event), "RequestTime=1795478400")
	assert.NotContains(t, string(event), sample.VectorsSDKAppID)
}
