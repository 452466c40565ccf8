package functions_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/relaytest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// chatTimeout is how long Chat waits (trtc.io/document/34354).
const chatTimeout = 2 * time.Second

// way is how a request reaches a process: as the event of a gateway, or by HTTP.
type way struct {
	name string
	raw  bool // the query arrives byte for byte
	send func(*testing.T, sample.Request) relaytest.Reply
}

// ways returns all ways to reach a process of a platform. The process is started with the
// variables.
func ways(t *testing.T, platform string, variables map[string]string) []way {
	t.Helper()
	switch platform {
	case "lambda":
		function := processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, pairs(variables))
		return eventWays(sample.AWSEvents, function.Invoke, "http-v2", "http-v2 base64", "function-url")
	case "scf":
		function := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, variables)
		return eventWays(sample.SCFEvents, function.Invoke)
	}
	var base string
	if store := append(pairs(variables), "MSGEXT_STATE=memory:"); platform == "server" {
		base = processtest.StartServer(t, binaries.Build(t, "functions/server"), store).URL
	} else {
		base = processtest.StartLocal(t, binaries.Build(t, "functions/local"), store).URL
	}
	return []way{{platform, true, func(t *testing.T, r sample.Request) relaytest.Reply { return overHTTP(t, base, r) }}}
}

func pairs(variables map[string]string) (environ []string) {
	for name, value := range variables {
		environ = append(environ, name+"="+value)
	}
	return environ
}

func eventWays(events func(sample.Request) []sample.Event, invoke func([]byte) ([]byte, error), raw ...string) (all []way) {
	for i, event := range events(sample.Request{Method: "POST"}) {
		all = append(all, way{event.Shape, slices.Contains(raw, event.Shape), func(t *testing.T, r sample.Request) relaytest.Reply {
			response, err := invoke(events(r)[i].Payload)
			require.NoError(t, err)
			return unwrap(t, response)
		}})
	}
	return all
}

// unwrap reads a response as a gateway does.
func unwrap(t *testing.T, response []byte) relaytest.Reply {
	t.Helper()
	var r struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Body              string
		IsBase64Encoded   bool
	}
	require.NoError(t, json.Unmarshal(response, &r))
	if r.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(r.Body)
		require.NoError(t, err)
		r.Body = string(body)
	}
	if r.MultiValueHeaders != nil {
		require.Nil(t, r.Headers)
		r.Headers = make(map[string]string)
	}
	for name, values := range r.MultiValueHeaders {
		r.Headers[name] = strings.Join(values, ", ")
	}
	reply := relaytest.Reply{Status: r.StatusCode, Body: r.Body}
	for name, field := range map[string]*string{"Content-Type": &reply.ContentType, "Content-Encoding": &reply.ContentEncoding} {
		value, given := r.Headers[name]
		assert.False(t, given && value == "", "%s is there and empty", name)
		*field = value
	}
	return reply
}

// overHTTP sends a request to a server, and does not decompress the answer.
func overHTTP(t *testing.T, base string, r sample.Request) relaytest.Reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.Method, base+r.Path+"?"+r.RawQuery, strings.NewReader(r.Body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return relaytest.Reply{
		Status: response.StatusCode, Body: string(body),
		ContentType: response.Header.Get("Content-Type"), ContentEncoding: response.Header.Get("Content-Encoding"),
	}
}

// relayed is a request that Chat makes now. Its query has a form that no encoder writes.
func relayed(command, body string) sample.Request {
	seconds := strconv.FormatInt(time.Now().Unix(), 10)
	return sample.Request{Method: http.MethodPost, Path: "/chat", Body: body, RawQuery: "own=%7e%2Bchat%20%26+more&SdkAppid=" + vectortest.SDKAppID +
		"&CallbackCommand=" + command + "&&contenttype=json&ClientIP=203.0.113.7&empty=&Sign=" + webhook.Sign(vectortest.Token, seconds) + "&RequestTime=" + seconds}
}

const relayedBody = "{ \"CallbackCommand\":\"x\",\n \"Text\":\"\\u597d 好 <&>\" }\n"

func variablesFor(backend string) map[string]string {
	return map[string]string{
		"MSGEXT_SDK_APP_ID": vectortest.SDKAppID, "MSGEXT_TOKEN": vectortest.Token.Reveal(), "MSGEXT_SINKS": "stdout:",
		"MSGEXT_RELAY": backend + "?key=%2f", "MSGEXT_RELAY_HEADERS": "Authorization: Bearer a\nX-Key: b",
	}
}

// The backend's answer reaches Chat byte for byte, through every gateway of every platform. Where
// the backend does not answer, the setting decides. The backend gets each request once, as Chat
// made it.
func TestRelay_RepliesAreTheBackends(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, setting string, start func(map[string]string) way) {
		backend := relaytest.Start(t)
		variables := variablesFor(backend.URL)
		variables["MSGEXT_RELAY_ON_FAILURE"] = setting
		// The shortest that a loaded machine still keeps.
		variables["MSGEXT_RELAY_BUDGET"] = "1s"
		way := start(variables)
		for _, vector := range relaytest.Vectors() {
			want := vector.Pass
			if setting == "allow" {
				want = vector.Allow
			}
			request := relayed(vector.Command, relayedBody)
			if vector.Hops != "" {
				request.Header = map[string]string{"msgext-hops": vector.Hops}
			}
			var first, got relaytest.Reply
			var before, seen []relaytest.Request
			took := inTime(limitOf(vector), func() {
				// A success first, so that there are never five failures in a row.
				backend.Answer(relaytest.OK)
				first = way.send(t, relayed(relaytest.Before, relayedBody))
				before = backend.Requests()
				backend.Answer(vector.Answer)
				got = way.send(t, request)
				seen = backend.Requests()
			})
			assert.Less(t, took, chatTimeout, "%s, %s", way.name, vector.Name)
			assert.Equal(t, relaytest.OKBody, first.Body)
			assert.Equal(t, want, got, "%s, %s", way.name, vector.Name)
			checkSeen(t, way, vector, request, seen)
			if vector.Reaches && !vector.Complete {
				assert.Equal(t, before[0].Connection, seen[0].Connection, "%s, %s: on a connection that was kept", way.name, vector.Name)
			}
		}
	})
}

// promptly is within the backend's time, which after a command is half a second.
const promptly = 400 * time.Millisecond

// limitOf returns how long an exchange about a vector may take: as long as Chat waits where the
// relay waits for its backend.
func limitOf(vector relaytest.Vector) time.Duration {
	if vector.Waits() {
		return chatTimeout
	}
	return promptly
}

// inTime makes an exchange until it is within a limit, at most five times, because a loaded machine
// may hold up any of them. It returns how long the last one took.
func inTime(limit time.Duration, exchange func()) (took time.Duration) {
	for range 5 {
		began := time.Now()
		exchange()
		if took = time.Since(began); took < limit {
			break
		}
	}
	return took
}

// everyWay runs a test of MSGEXT_RELAY_ON_FAILURE for both settings and for each way to reach each
// program. Each has a process of its own, which start starts with the variables. They wait more
// than they compute, and do so side by side. t.Parallel would run only as many at once as there are
// processors.
func everyWay(t *testing.T, test func(t *testing.T, setting string, start func(variables map[string]string) way)) {
	t.Helper()
	const atOnce = 8
	var waiting sync.WaitGroup
	defer waiting.Wait()
	room := make(chan struct{}, atOnce)
	anything := sample.Request{Method: http.MethodPost}
	for platform, count := range map[string]int{
		"lambda": len(sample.AWSEvents(anything)), "scf": len(sample.SCFEvents(anything)), "local": 1, "server": 1,
	} {
		for i := range count {
			for _, setting := range []string{"pass", "allow"} {
				waiting.Go(func() {
					room <- struct{}{}
					defer func() { <-room }()
					t.Run(fmt.Sprintf("%s %d, %s", platform, i, setting), func(t *testing.T) {
						test(t, setting, func(variables map[string]string) way {
							way := ways(t, platform, variables)[i]
							way.send(t, anything) // the first request has less time, by that of the start
							return way
						})
					})
				})
			}
		}
	}
}

func checkSeen(t *testing.T, way way, vector relaytest.Vector, sent sample.Request, seen []relaytest.Request) {
	t.Helper()
	if !vector.Reaches {
		assert.Empty(t, seen, "%s, %s", way.name, vector.Name)
		return
	}
	require.Len(t, seen, 1, "%s, %s: never sent twice", way.name, vector.Name)
	query, found := strings.CutPrefix(seen[0].Target, "/backend?key=%2f&")
	require.True(t, found, seen[0].Target)
	if way.raw {
		assert.Equal(t, sent.RawQuery, query, way.name)
	} else {
		want, err := url.ParseQuery(sent.RawQuery)
		require.NoError(t, err)
		got, err := url.ParseQuery(query)
		require.NoError(t, err)
		assert.Equal(t, want, got, way.name)
	}
	if !vector.Answer.Unread {
		assert.Equal(t, sent.Body, string(seen[0].Body), "%s, %s", way.name, vector.Name)
	}
	header := seen[0].Header
	assert.Equal(t, "application/json", header.Get("Content-Type"), way.name)
	assert.Equal(t, "Bearer a", header.Get("Authorization"), way.name)
	assert.Equal(t, "b", header.Get("X-Key"), way.name)
	for name := range header {
		assert.NotContains(t, name, "X-Forwarded", way.name)
		assert.NotContains(t, name, "X-Amz", way.name)
		assert.NotContains(t, name, "X-Scf", way.name)
	}
	parsed, err := webhook.ParseQuery(query)
	require.NoError(t, err)
	assert.NoError(t, webhook.Verifier{SDKAppID: vectortest.SDKAppID, Tokens: []secret.String{vectortest.Token}}.Verify(parsed, time.Now()), "the backend can check Sign itself")
}
