package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
)

// The local server, the Lambda binary and the SCF binary give the same reply, byte for byte, to every
// vector through every gateway.
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
			status, body := post(t, request, vector.URL(local.URL, now))
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

// hidden names what a load balancer with single values cannot pass on: of a repeated name it
// keeps the last. A doubled parameter then arrives once, and is judged as that.
func hidden(vector, shape string) bool {
	return shape == "alb" && (strings.HasSuffix(vector, "-twice") || vector == "app-query")
}

func post(t *testing.T, request sample.Request, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), request.Method, url, strings.NewReader(request.Body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}
