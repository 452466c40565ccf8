package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
)

const readPath = "/api/groups/test/messages/10/extensions"

func startHere(t *testing.T, environ []string, args ...string) *processtest.Local {
	t.Helper()
	return processtest.StartLocal(t, binaries.Build(t, "functions/local"), append([]string{"MSGEXT_STATE=memory:"}, environ...), args...)
}

// ask sends a request given as text, and returns the status and the body.
func ask(t *testing.T, base, written string) (int, string) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	// A stream that is wrongly accepted would never end.
	require.NoError(t, connection.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(connection, written)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

// A tunnel may rewrite Host to loopback, and the request line of a proxy names the full URL. Both
// once got the console, with lines signed by the real token.
func TestLocal_WhatWasForwardedSeesNothing(t *testing.T) {
	local := startHere(t, nil)
	strange := map[string]string{
		"ngrok":        "Host: localhost\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Host: a.ngrok.app\r\n",
		"cloudflared":  "Host: localhost\r\nCf-Connecting-Ip: 203.0.113.7\r\n",
		"ray":          "Host: localhost\r\ncf-ray: 1\r\n",
		"forwarded":    "Host: localhost\r\nForwarded: for=203.0.113.7\r\n",
		"empty":        "Host: localhost\r\nX-Forwarded-For:\r\n",
		"via":          "Host: localhost\r\nVia: 1.1 proxy\r\n",
		"loop":         "Host: localhost\r\nCDN-Loop: cloudflare\r\n",
		"nginx":        "Host: localhost\r\nX-Real-IP: 203.0.113.7\r\n",
		"akamai":       "Host: localhost\r\nTrue-Client-IP: 203.0.113.7\r\n",
		"iis":          "Host: localhost\r\nX-Original-URL: /\r\n",
		"tailscale":    "Host: localhost\r\nTailscale-User-Login: a@example.com\r\n",
		"envoy":        "Host: localhost\r\nX-Envoy-External-Address: 203.0.113.7\r\n",
		"origin":       "Host: localhost\r\nOrigin: https://a.ngrok.app\r\n",
		"null":         "Host: localhost\r\nOrigin: null\r\n",
		"other site":   "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n",
		"rebound":      "Host: rebound.example\r\n",
		"rebound port": "Host: rebound.example:80\r\n",
	}
	for _, path := range []string{"/console/", "/console/deliveries", "/console/stream", "/console", "/", readPath} {
		for name, headers := range strange {
			status, body := ask(t, local.URL, "GET "+path+" HTTP/1.1\r\n"+headers+"\r\n")
			assert.Equal(t, http.StatusForbidden, status, "%s, %s", path, name)
			assert.Contains(t, body, "this process answers this machine alone: ", "the rule is named")
		}
		status, body := ask(t, local.URL, "GET http://localhost"+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		assert.Equal(t, http.StatusForbidden, status, path)
		assert.Contains(t, body, "absolute target")
	}
	for _, action := range []string{"samples/set", "deliveries/1/send", "deliveries/1/curl", "simulation"} {
		status, _ := ask(t, local.URL, "POST /console/"+action+" HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 1\r\nContent-Length: 2\r\n\r\n{}")
		assert.Equal(t, http.StatusForbidden, status, action)
	}
	status, _ := ask(t, local.URL, "GET /console/ HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\r\n")
	assert.Equal(t, http.StatusOK, status, "a link from elsewhere")
	status, body := ask(t, local.URL, "GET /console/none HTTP/1.1\r\nHost: localhost:8080\r\nOrigin: http://localhost:8080\r\n\r\n")
	assert.Equal(t, http.StatusNotFound, status, body)
}

// The address for a tunnel takes webhooks from anywhere, and shows nothing.
func TestLocal_WebhooksAlone(t *testing.T) {
	local := startHere(t, []string{"MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID}, "-webhooks", "127.0.0.1:0")
	match := regexp.MustCompile(`point a tunnel at +(http://\S+): `).FindStringSubmatch(local.Greeting())
	require.Len(t, match, 2, local.Greeting())
	tunnel := match[1]
	for _, path := range []string{"/console/", "/console", "/console/deliveries", readPath} {
		status, body := get(t, tunnel+path)
		assert.Equal(t, http.StatusMethodNotAllowed, status, "%s: another path that takes webhooks by POST", path)
		assert.NotContains(t, body, "console-token")
	}
	for _, base := range []string{tunnel, local.URL} {
		signed := strings.TrimPrefix(signedURL(base, vectortest.SDKAppID, vectortest.Token, time.Now()), base)
		body := sample.Changes()[0]
		status, reply := ask(t, base, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a.ngrok.app\r\nX-Forwarded-For: 203.0.113.7\r\nContent-Length: %d\r\n\r\n%s", signed, len(body), body))
		assert.Equal(t, http.StatusOK, status, reply)
	}
	status, _ := get(t, local.URL+readPath)
	assert.Equal(t, http.StatusOK, status)
	assert.Zero(t, local.Stop(t))

	var refused output
	assert.Equal(t, 2, run(t.Context(), []string{"-webhooks", "0.0.0.0:0"}, nil, io.Discard, &refused))
	assert.Contains(t, refused.String(), "-webhooks: ")
}

// output keeps the output of a run.
type output struct{ strings.Builder }

// Without a token a webhook from Chat cannot be told from one that a web page sends through a
// browser on this machine.
func TestLocal_UnsignedFromThisMachineAlone(t *testing.T) {
	local := startHere(t, []string{"MSGEXT_ALLOW_UNSIGNED=true", "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID}, "-webhooks", "127.0.0.1:0")
	tunnel := regexp.MustCompile(`point a tunnel at +(http://\S+): `).FindStringSubmatch(local.Greeting())[1]
	assert.Contains(t, local.Greeting(), "MSGEXT_ALLOW_UNSIGNED: anybody who knows")
	body := sample.Changes()[0]
	target := strings.TrimPrefix(unsignedURL(local.URL, vectortest.SDKAppID), local.URL)
	for _, base := range []string{local.URL, tunnel} {
		for headers, want := range map[string]int{
			"Host: localhost\r\n":                                                                 200,
			"Host: 127.0.0.1:8080\r\n":                                                            200,
			"Host: evil.example\r\n":                                                              403,
			"Host: localhost\r\nOrigin: https://evil.example\r\n":                                 403,
			"Host: localhost\r\nOrigin: null\r\nSec-Fetch-Mode: navigate\r\n":                     403,
			"Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n":        403,
			"Host: localhost\r\nSec-Fetch-Site: same-origin\r\nOrigin: http://localhost:8080\r\n": 200,
		} {
			status, reply := ask(t, base, fmt.Sprintf("POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", target, headers, len(body), body))
			assert.Equal(t, want, status, "%s: %s", headers, reply)
			if want == 403 {
				assert.Contains(t, reply, "MSGEXT_ALLOW_UNSIGNED")
			}
		}
	}
}

// A browser that opens the root gets the console, where webhooks have another path.
func TestLocal_LeadsToTheConsole(t *testing.T) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, test := range []struct {
		path string // MSGEXT_PATH
		asks string
		want int
	}{
		{"", "/", 302}, {"", "/console", 302}, {"", "/?SdkAppid=1", 405}, {"", "/other", 405},
		{"/", "/", 405}, {"/", "/console", 302}, {"/hook", "/", 302}, {"/hook", "/hook", 405},
	} {
		t.Run(test.path+" "+test.asks, func(t *testing.T) {
			var environ []string
			if test.path != "" {
				environ = append(environ, "MSGEXT_PATH="+test.path)
			}
			local := startHere(t, environ)
			response, err := client.Get(local.URL + test.asks)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, test.want, response.StatusCode)
			if test.want == 302 {
				assert.Equal(t, "/console/", response.Header.Get("Location"))
			}
		})
	}
}
