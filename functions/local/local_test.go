package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
)

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	return processtest.Exchange(t, http.MethodGet, url, "")
}

// The README's first command must work as described: without configuration, it prints a signed line
// that works as pasted and a line that plays the three samples, and the state can be read.
func TestLocal_WorksWithoutConfigurationAsItSays(t *testing.T) {
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), nil)
	lines := regexp.MustCompile(`(?m)^(curl|for) .*$`).FindAllString(local.Greeting(), -1)
	require.Len(t, lines, 2, local.Greeting())

	const ok = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`
	out, err := exec.Command("sh", "-c", lines[0]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, ok, string(out))
	_, body := get(t, local.URL+"/api/groups/test/messages/10/extensions")
	assert.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":1,"ClearSeq":0,
		"ExtensionList":[{"Key":"amira","Value":"Lisbon","Seq":1}]}`, body, "version 1: nothing seems to be missing")
	assert.Contains(t, local.Greeting(), "repair: off, set MSGEXT_CHAT_*")

	out, err = exec.Command("sh", "-c", lines[1]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, strings.Repeat(ok+"\n", 3), string(out))
	_, body = get(t, local.URL+"/api/groups/test/messages/10/extensions")
	assert.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":58,"ClearSeq":58,"ExtensionList":[]}`, body)

	events := local.Events()
	require.Len(t, events, 4)
	for i, kind := range []string{"set", "set", "deleted", "cleared"} {
		var event map[string]any
		require.NoError(t, json.Unmarshal([]byte(events[i]), &event))
		assert.Equal(t, "com.tencent.chat.group.msgextension."+kind, event["type"])
	}
	assert.Equal(t, 0, local.Stop(t))
}

func TestLocal_PrintsNothingSignedWithAConfiguredToken(t *testing.T) {
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{"MSGEXT_TOKEN=configured-token", "MSGEXT_STATE=memory:"})
	assert.NotContains(t, local.Greeting(), "Sign=")
	assert.NotContains(t, local.Greeting(), "configured-token")
}

func TestLocal_RefusesAWrongStart(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		args    []string
		want    string
	}{
		{"configuration", []string{"MSGEXT_TYPO=1", "MSGEXT_MAX_SKEW=soon"}, nil, "MSGEXT_MAX_SKEW: not a duration such as 1500ms or 60s, for example: 60s\n  MSGEXT_TYPO: unknown variable"},
		{"address", nil, []string{"-addr", "0.0.0.0:0"}, "serves on loopback only"},
		{"argument", nil, []string{"serve"}, `unexpected argument "serve"`},
		{"flag", nil, []string{"-no-such-flag"}, "not defined"},
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

func TestLocal_APIAnswersOnlyToALoopbackHost(t *testing.T) {
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{"MSGEXT_STATE=memory:", "MSGEXT_TOKEN=xxxxyyyy", "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID})
	for host, want := range map[string]int{
		"127.0.0.1:8080": 404, "localhost": 404, "[::1]:8080": 404, "127.9.9.9": 404,
		"rebound.example": 403, "127.0.0.1.example": 403, "10.0.0.1": 403, "localhost.example:80": 403,
	} {
		for _, path := range []string{"/api/groups/g/messages/1/extensions", "/console/none"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, local.URL+path, nil)
			require.NoError(t, err)
			request.Host = host
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, want, response.StatusCode, "%s %s", host, path)
		}
	}
	// A tunnel's own Host reaches the webhook.
	vector := vectortest.Named(t, "sample-group-set")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, vector.URL(local.URL, time.Now()), strings.NewReader(vector.Request.Body))
	require.NoError(t, err)
	request.Host = "tunnel.example"
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestLocal_ReadAPI(t *testing.T) {
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{"MSGEXT_STATE=memory:", "MSGEXT_TOKEN=xxxxyyyy", "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID})
	send(t, local.URL, msgext.GroupCommand, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"@TGS#/ ?","MsgSeq":7,"OperateType":1,"ExtensionList":[{"Key":"b","Value":"1","Seq":1},{"Key":"a","Value":"2","Seq":1}],"Seq":1}`)
	send(t, local.URL, msgext.C2CCommand, `{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"..","To_Account":"a/b","MsgKey":"1_2_3","OperateType":1,"ExtensionList":[{"Key":"k","Value":"v","Seq":1}],"Seq":1}`)
	for path, want := range map[string]int{
		"/api/groups/%40TGS%23%2F%20%3F/messages/7/extensions": 200,
		"/api/c2c/%2E%2E/a%2Fb/messages/1_2_3/extensions":      200,
		"/api/groups/%40TGS%23%2F%20%3F/messages/8/extensions": 404,
		"/api/groups/g/messages/x/extensions":                  400,
		"/api/groups/g/messages/-1/extensions":                 400,
		"/api/nothing":                                         404,
	} {
		status, body := get(t, local.URL+path)
		assert.Equal(t, want, status, path)
		assert.Equal(t, want == 200, strings.Contains(body, `"ActionStatus":"OK"`), path)
	}
	_, body := get(t, local.URL+"/api/groups/%40TGS%23%2F%20%3F/messages/7/extensions")
	assert.Contains(t, body, `[{"Key":"a","Value":"2","Seq":1},{"Key":"b","Value":"1","Seq":1}]`, "sorted by Seq, then Key")
}

// A replay in another order and with duplicates ends in the right state.
func TestLocal_ShuffledReplay(t *testing.T) {
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{"MSGEXT_TOKEN=xxxxyyyy", "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID})
	event := func(version, operation int, list string) string {
		return fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"poll","MsgSeq":1,"OperateType":%d,"ExtensionList":[%s],"Seq":%d}`, operation, list, version)
	}
	vote := func(user string, option, version int) string {
		return event(version, 1, fmt.Sprintf(`{"Key":%q,"Value":"%d","Seq":%d}`, user, option, version))
	}
	for _, body := range []string{
		vote("carol", 3, 6), vote("alice", 1, 1), event(4, 3, ""), vote("bob", 2, 2), vote("carol", 3, 6), vote("alice", 2, 5),
		event(7, 2, `{"Key":"alice","Value":"","Seq":7}`), vote("alice", 1, 1), vote("bob", 3, 3), vote("dave", 1, 8), vote("alice", 2, 5),
	} {
		send(t, local.URL, msgext.GroupCommand, body)
	}
	_, body := get(t, local.URL+"/api/groups/poll/messages/1/extensions")
	assert.JSONEq(t, `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":8,"ClearSeq":4,
		"ExtensionList":[{"Key":"carol","Value":"3","Seq":6},{"Key":"dave","Value":"1","Seq":8}]}`, body)
}

// send posts a signed webhook and requires that it is accepted.
func send(t *testing.T, base, command, body string) {
	t.Helper()
	url := strings.Replace(signedURL(base, vectortest.SDKAppID, secret.String(vectortest.Token), time.Now()), msgext.GroupCommand, command, 1)
	status, reply := processtest.Exchange(t, http.MethodPost, url, body)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, reply, `"ActionStatus":"OK"`)
}

// Locally anyone on this machine can read until tokens are configured. The console never asks for a
// token.
func TestLocal_ReadTokens(t *testing.T) {
	const readToken = "0123456789abcdef0123456789abcdef"
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{"MSGEXT_STATE=memory:", "MSGEXT_READ_TOKENS=" + readToken})
	const path = "/api/groups/g/messages/1/extensions"
	status, _ := get(t, local.URL+path)
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = get(t, local.URL+"/console/")
	assert.Equal(t, http.StatusOK, status)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, local.URL+path, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+readToken)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.NotContains(t, local.Greeting(), readToken)
}
