package functions_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
)

// The local server, the Lambda binary and the SCF binary give the same reply to every vector, byte
// for byte, through every gateway.
func TestReplies_AreTheSameEverywhere(t *testing.T) {
	variables := map[string]string{
		"MSGEXT_SDK_APP_ID": vectortest.SDKAppID, "MSGEXT_TOKEN": vectortest.Token.Reveal(), "MSGEXT_SINKS": "stdout:",
	}
	var environ []string
	for name, value := range variables {
		environ = append(environ, name+"="+value)
	}
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), append(environ, "MSGEXT_STATE=memory:"))
	aws := processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, environ)
	scf := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, variables)

	events := 0
	for _, vector := range vectortest.Load(t) {
		t.Run(vector.Name, func(t *testing.T) {
			now := time.Now()
			request := sample.Request{
				Method: vector.Request.Method, Path: vector.Request.Path, RawQuery: vector.Query(now), Body: vector.Request.Body,
			}
			status, body := processtest.Exchange(t, request.Method, vector.URL(local.URL, now), request.Body)
			require.Equal(t, vector.Want.Status, status)
			require.JSONEq(t, string(vector.Want.Reply), body)
			if vector.Want.Reason == "delivered" {
				events++
			}
			for _, event := range sample.AWSEvents(request) {
				if hidden(vector.Name, event.Shape) {
					continue
				}
				response, err := aws.Invoke(event.Payload)
				require.NoError(t, err, event.Shape)
				gotStatus, gotBody, err := sample.Unwrap(response)
				require.NoError(t, err)
				assert.Equal(t, status, gotStatus, event.Shape)
				assert.Equal(t, body, gotBody, event.Shape)
			}
			for _, event := range sample.SCFEvents(request) {
				response, err := scf.Invoke(event.Payload)
				require.NoError(t, err, event.Shape)
				gotStatus, gotBody, err := sample.Unwrap(response)
				require.NoError(t, err)
				assert.Equal(t, status, gotStatus, event.Shape)
				assert.Equal(t, body, gotBody, event.Shape)
			}
		})
	}
	assert.Len(t, local.Events(), events, "one line on stdout for each event, before its reply")
	assert.Equal(t, 0, local.Stop(t))
}

// hidden reports whether a load balancer with single values cannot pass a vector on. Of a repeated
// name it keeps the last value, so that a doubled parameter arrives once and is judged so.
func hidden(vector, shape string) bool {
	return shape == "alb" && (strings.HasSuffix(vector, "-twice") || vector == "app-query")
}

// An event that a gateway has damaged is refused if it is for us. Any other command is answered OK
// by every binary.
func TestReplies_AMalformedEventBlocksNobody(t *testing.T) {
	variables := map[string]string{
		"MSGEXT_SDK_APP_ID": vectortest.SDKAppID, "MSGEXT_TOKEN": vectortest.Token.Reveal(), "MSGEXT_SINKS": "stdout:",
	}
	var environ []string
	for name, value := range variables {
		environ = append(environ, name+"="+value)
	}
	aws := processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, environ)
	scf := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, variables)
	unready := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, map[string]string{"MSGEXT_TYPO": "1"})
	for command, wantStatus := range map[string]int{msgext.GroupCommand: 400, msgext.C2CCommand: 400, "Group.CallbackBeforeSendMsg": 200} {
		request := sample.Request{Method: http.MethodPost, Path: "/", RawQuery: "CallbackCommand=" + command, Body: "not base64"}
		for _, platform := range []struct {
			invoke func([]byte) ([]byte, error)
			events []sample.Event
		}{{aws.Invoke, sample.AWSEvents(request)}, {scf.Invoke, sample.SCFEvents(request)}, {unready.Invoke, sample.SCFEvents(request)}} {
			for _, event := range platform.events {
				broken := bytes.Replace(event.Payload, []byte(`"body":"`), []byte(`"body":7,"was":"`), 1)
				response, err := platform.invoke(broken)
				require.NoError(t, err)
				status, body, err := sample.Unwrap(response)
				require.NoError(t, err)
				assert.Equal(t, wantStatus, status, "%s, %s", command, event.Shape)
				assert.Equal(t, wantStatus == 200, strings.Contains(body, `"ErrorCode":0`), "%s, %s: %s", command, event.Shape, body)
			}
		}
	}
}
