package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

const readToken = "0123456789abcdef0123456789abcdef"

// reply is the response of a function to its gateway.
type reply struct {
	StatusCode        int
	Headers           map[string]string
	MultiValueHeaders map[string][]string
	Body              string
}

func (r reply) header(name string) string {
	if values := r.MultiValueHeaders[name]; len(values) > 0 {
		return values[0]
	}
	return r.Headers[name]
}

// functions are the webhook function and the read function of one platform, with one store.
type functions struct {
	webhook, read func(payload []byte) ([]byte, error)
	events        func(sample.Request) []sample.Event
}

func startFunctions(t *testing.T, platform, store string, auth ...string) functions {
	t.Helper()
	all := []string{"MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_STATE=" + store, "AWS_ENDPOINT_URL_DYNAMODB=" + dynamoEndpoint()}
	hook, reading := append(all[:3:3], "MSGEXT_TOKEN="+string(vectortest.Token)), append(all[:3:3], auth...)
	if platform == "lambda" {
		return functions{
			processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, hook).Invoke,
			processtest.StartLambda(t, binaries.Build(t, "functions/aws/read"), 10*time.Second, reading).Invoke,
			sample.AWSEvents,
		}
	}
	return functions{
		processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, variables(hook)).Invoke,
		processtest.StartSCF(t, binaries.Build(t, "functions/scf/read"), 10*time.Second, variables(reading)).Invoke,
		sample.SCFEvents,
	}
}

func variables(environ []string) map[string]string {
	all := make(map[string]string)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

// send sends a signed change to the webhook function.
func (f functions) send(t *testing.T, body string) {
	t.Helper()
	requestTime := strconv.FormatInt(time.Now().Unix(), 10)
	query := fmt.Sprintf("SdkAppid=%s&CallbackCommand=%s&RequestTime=%s&Sign=%s",
		vectortest.SDKAppID, msgext.GroupCommand, requestTime, webhook.Sign(vectortest.Token, requestTime))
	event := f.events(sample.Request{Method: http.MethodPost, Path: "/", RawQuery: query, Body: body})[0]
	require.Contains(t, answered(t, func() string {
		response, err := f.webhook(event.Payload)
		require.NoError(t, err)
		_, reply, err := sample.Unwrap(response)
		require.NoError(t, err)
		return reply
	}), `"OK"`)
}

// get asks the read function through every gateway. All must give the same answer, which is
// returned. Where the store took too long, as it may on a loaded machine, it asks again.
func (f functions) get(t *testing.T, path, query string, header map[string]string) reply {
	t.Helper()
	var first reply
	for i, event := range f.events(sample.Request{Method: http.MethodGet, Path: path, RawQuery: query, Header: header}) {
		var r reply
		for range 10 {
			response, err := f.read(event.Payload)
			require.NoError(t, err, event.Shape)
			r = reply{}
			require.NoError(t, json.Unmarshal(response, &r))
			if r.StatusCode != http.StatusServiceUnavailable {
				break
			}
		}
		if i == 0 {
			first = r
		}
		assert.Equal(t, first.StatusCode, r.StatusCode, event.Shape)
		assert.Equal(t, first.Body, r.Body, event.Shape)
		for _, name := range []string{"Etag", "Msgext-Gap", "Content-Type"} {
			assert.Equal(t, first.header(name), r.header(name), event.Shape)
		}
	}
	return first
}

// The read function answers with what the webhook function stored, on both clouds and with each of
// their stores.
func TestRead_AnswersWhatTheWebhookFunctionHeard(t *testing.T) {
	for _, test := range []struct {
		platform string
		store    func(*testing.T) string
	}{
		{"lambda", dynamoTable}, {"lambda", redisDatabase}, {"lambda", postgresDatabase}, {"lambda", mysqlDatabase},
		{"scf", redisDatabase}, {"scf", postgresDatabase}, {"scf", mysqlDatabase},
	} {
		location := test.store(t)
		scheme, _, _ := strings.Cut(location, ":")
		t.Run(test.platform+" "+scheme, func(t *testing.T) {
			f := startFunctions(t, test.platform, location, "MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS=other-"+readToken+" "+readToken)
			// An id that a path can hold only escaped.
			group := fmt.Sprintf("g/%d", time.Now().UnixNano())
			change := func(version int, list string) string {
				return fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":%q,"MsgSeq":7,"OperateType":1,"ExtensionList":[%s],"Seq":%d,"EventTime":1764688294360}`, msgext.GroupCommand, group, list, version)
			}
			bearer := map[string]string{"authorization": "Bearer " + readToken}
			query := "GroupId=" + group + "&MsgSeq=7"
			assert.Equal(t, 404, f.get(t, "/api/extensions", query, bearer).StatusCode)

			f.send(t, change(1, `{"Key":"alice_0","Value":"1","Seq":1},{"Key":"note","Value":"日本 <\"\\>","Seq":1}`))
			got := f.get(t, "/api/extensions", query, bearer)
			assert.Equal(t, 200, got.StatusCode)
			assert.Equal(t, `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":1,"ClearSeq":0,`+
				`"ExtensionList":[{"Key":"alice_0","Value":"1","Seq":1},{"Key":"note","Value":"日本 <\"\\>","Seq":1}]}`, got.Body)
			assert.Empty(t, got.header("Msgext-Gap"))
			assert.Equal(t, "application/json", got.header("Content-Type"))
			same := f.get(t, "/api/extensions", query, map[string]string{"authorization": "Bearer " + readToken, "if-none-match": got.header("Etag")})
			assert.Equal(t, 304, same.StatusCode)
			assert.Empty(t, same.Body)
			if test.platform == "lambda" { // SCF passes paths on decoded
				escaped := strings.ReplaceAll(group, "/", "%2F")
				assert.Equal(t, got.Body, f.get(t, "/api/groups/"+escaped+"/messages/7/extensions", "", bearer).Body)
			}

			f.send(t, change(3, `{"Key":"bob_0","Value":"1_2","Seq":3},{"Key":"closed","Value":"1","Seq":3}`))
			got = f.get(t, "/api/extensions", query+"&tally=poll", bearer)
			assert.Equal(t, `{"options":[{"option":1,"votes":2},{"option":2,"votes":1}],"voters":2,"closed":true,"LatestSeq":3,"Gap":true}`, got.Body)
			assert.Equal(t, "true", got.header("Msgext-Gap"), "version 2 is missing")

			assert.Equal(t, 401, f.get(t, "/api/extensions", query, nil).StatusCode)
			assert.Equal(t, 401, f.get(t, "/api/extensions", query, map[string]string{"authorization": "Bearer " + readToken[1:]}).StatusCode)
			assert.Equal(t, 400, f.get(t, "/api/extensions", "GroupId=g", bearer).StatusCode)
			malformed, err := f.read([]byte(`[]`))
			require.NoError(t, err)
			assert.Contains(t, string(malformed), `400`)
		})
	}
}

func TestRead_ByIAMTheGatewayAuthenticates(t *testing.T) {
	f := startFunctions(t, "lambda", redisDatabase(t), "MSGEXT_READ_AUTH=iam")
	assert.Equal(t, 404, f.get(t, "/api/extensions", "GroupId=nobody&MsgSeq=1", map[string]string{"authorization": "AWS4-HMAC-SHA256 Credential=…"}).StatusCode)
}

// One server accepts connections and never answers, and one accepts none. The caller gets an error
// within the second that docs/openapi.yaml promises (three times that here, for a loaded machine;
// package reader tests the time itself).
func TestRead_TheStoreIsDown(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	bearer := map[string]string{"authorization": "Bearer " + readToken}
	var tests []storeDown
	for _, address := range []string{silent.Addr().String(), "127.0.0.1:1"} {
		for platform, stores := range map[string][]string{
			"lambda": {"redis://" + address, "dynamodb://table", "mysql://u:p@" + address + "/d?tls=false"},
			"scf":    {"redis://" + address, "postgres://u:p@" + address + "/d?sslmode=disable"},
		} {
			for _, store := range stores {
				auth := []string{"MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS=" + readToken, "AWS_ENDPOINT_URL_DYNAMODB=http://" + address}
				f := startFunctions(t, platform, store, auth...)
				require.Equal(t, 404, f.get(t, "/", "", bearer).StatusCode, "it has started")
				scheme, _, _ := strings.Cut(store, ":")
				tests = append(tests, storeDown{platform + " " + scheme, f})
			}
		}
	}
	// All have started. What is left is waiting, which they do side by side.
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			event := test.functions.events(sample.Request{Method: http.MethodGet, Path: "/api/extensions", RawQuery: "GroupId=g&MsgSeq=1", Header: bearer})[0]
			began := time.Now()
			response, err := test.functions.read(event.Payload)
			took := time.Since(began)
			require.NoError(t, err)
			status, body, err := sample.Unwrap(response)
			require.NoError(t, err)
			assert.Equal(t, 503, status)
			assert.Equal(t, `{"ActionStatus":"FAIL","ErrorInfo":"state could not be read","ErrorCode":1}`, body)
			assert.Less(t, took, 3*time.Second)
		})
	}
}

// storeDown are functions whose store does not answer.
type storeDown struct {
	name      string
	functions functions
}

// A read function refuses to start if its configuration lets it do more than read or leaves it
// open. On SCF, where a process cannot refuse to start, it refuses to answer.
func TestRead_RefusesAWrongStart(t *testing.T) {
	sound := []string{"MSGEXT_SDK_APP_ID=1400000000", "MSGEXT_STATE=redis://127.0.0.1:1", "MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS=" + readToken}
	for name, test := range map[string]struct {
		environ []string
		want    string
	}{
		"the admin's key":   {append(sound[:4:4], "MSGEXT_CHAT_SECRET_KEY=plant"), "MSGEXT_CHAT_SECRET_KEY: must not reach a read function"},
		"the webhook token": {append(sound[:4:4], "MSGEXT_TOKEN=plant"), "MSGEXT_TOKEN: must not reach a read function"},
		"nothing opens it":  {sound[:2], "MSGEXT_READ_AUTH: missing"},
		"no token":          {sound[:3], "MSGEXT_READ_TOKENS: missing"},
		"no store":          {append([]string{sound[0]}, sound[2:]...), "MSGEXT_STATE: missing"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, stderr := processtest.Exit(t, test.environ, binaries.Build(t, "functions/aws/read"))
			assert.Equal(t, exitUsage, status)
			assert.Contains(t, stderr, test.want)
			assert.NotContains(t, stderr, "plant")

			scf := processtest.StartSCF(t, binaries.Build(t, "functions/scf/read"), 10*time.Second, variables(test.environ))
			response, err := scf.Invoke(sample.SCFEvents(sample.Request{Method: http.MethodGet, Path: "/api/extensions"})[0].Payload)
			require.NoError(t, err)
			status, _, err = sample.Unwrap(response)
			require.NoError(t, err)
			assert.Equal(t, 503, status)
			scf.Signal(t, syscall.SIGTERM) // everything is written once it has ended
			assert.Contains(t, scf.Log(), test.want)
			assert.NotContains(t, scf.Log(), "plant")
		})
	}
}

// With a token a client can read under any host name that leads to the server, such as a reverse
// proxy's. Without tokens only this machine can read.
func TestServer_ReadUnderAnotherHost(t *testing.T) {
	open := processtest.StartServer(t, binaries.Build(t, "functions/server"), serving())
	guarded := processtest.StartServer(t, binaries.Build(t, "functions/server"), serving("MSGEXT_READ_TOKENS="+readToken))
	tests := []struct {
		name, url, host, token string
		want                   int
	}{
		{"open, this machine", open.URL, "", "", 404},
		{"open, another host", open.URL, "votes.example", "", 403},
		{"guarded, this machine without a token", guarded.URL, "", "", 401},
		{"guarded, this machine", guarded.URL, "", readToken, 404},
		{"guarded, another host without a token", guarded.URL, "votes.example", "", 401},
		{"guarded, another host", guarded.URL, "votes.example", readToken, 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.url+"/api/groups/g/messages/1/extensions", nil)
			require.NoError(t, err)
			request.Host = test.host
			if test.token != "" {
				request.Header.Set("Authorization", "Bearer "+test.token)
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, test.want, response.StatusCode)
		})
	}
}

func serving(more ...string) []string {
	return append([]string{"MSGEXT_STATE=memory:", "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_TOKEN=" + string(vectortest.Token)}, more...)
}
