package awsgw_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/internal/sample"
	"msgext/pkg/gateway"
	"msgext/pkg/gateway/awsgw"
)

// seen is the request that a handler got.
type seen struct {
	method, path, query, body, id, host string
	length                              int64
	header                              http.Header
}

// record returns a handler that stores its request in *seen and replies with a bit of everything.
func record(to *seen) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*to = seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), gateway.RequestID(r.Context()), r.Host, r.ContentLength, r.Header}
		w.Header().Add("X-Two", "1")
		w.Header().Add("X-Two", "2")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(`{"quote":"\"é"}`))
	})
}

var refused = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte("malformed " + r.Method))
})

func invoke(t require.TestingT, event string) (seen, map[string]any) {
	var got seen
	response, err := awsgw.New(record(&got), refused).Invoke(context.Background(), []byte(event))
	require.NoError(t, err)
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(response, &decoded), "%s", response)
	return got, decoded
}

func TestAdapter_Shapes(t *testing.T) {
	const restV1 = `"httpMethod":"POST","requestContext":{"requestId":"r1","stage":"prod","path":"/prod/chat"},"path":"/chat"`
	const alb = `"httpMethod":"POST","requestContext":{"elb":{"targetGroupArn":"arn"}},"path":"/chat"`
	const v2 = `"version":"2.0","requestContext":{"requestId":"r2","stage":"$default","http":{"method":"POST","path":"/chat"}},"rawPath":"/chat"`
	const headers = `{"statusCode":418,"headers":{"X-Two":"1, 2"},"body":"{\"quote\":\"\\\"é\"}","isBase64Encoded":false}`
	const albHeaders = `{"statusCode":418,"statusDescription":"418 I'm a teapot","headers":{"X-Two":"1, 2"},"body":"{\"quote\":\"\\\"é\"}","isBase64Encoded":false}`
	tests := []struct {
		name, event string
		want        seen
		reply       string
	}{
		{"REST API, multi-value query", `{` + restV1 + `,"multiValueQueryStringParameters":{"b":["2","1"],"a":["x y&"]},"queryStringParameters":{"b":"1"},"body":"x","headers":{"host":"h","content-type":"t"}}`,
			seen{"POST", "/chat", "b=2&b=1&a=x+y%26", "x", "r1", "h", 1, http.Header{"Host": {"h"}, "Content-Type": {"t"}}}, headers},
		{"REST API, single-value query and multi-value headers", `{` + restV1 + `,"queryStringParameters":{"b":"1"},"multiValueQueryStringParameters":null,"headers":{"a":"1"},"multiValueHeaders":{"a":["1","2"]}}`,
			seen{"POST", "/chat", "b=1", "", "r1", "", 0, http.Header{"A": {"1", "2"}}}, headers},
		{"HTTP API: the raw query counts, for the parsed one hides a doubled name", `{` + v2 + `,"rawQueryString":"Sign=a&Sign=b&x=%41","queryStringParameters":{"Sign":"a,b"},"body":"eyJhIjoxfQ==","isBase64Encoded":true}`,
			seen{"POST", "/chat", "Sign=a&Sign=b&x=%41", `{"a":1}`, "r2", "", 7, http.Header{}}, headers},
		{"HTTP API with a stage", `{"requestContext":{"stage":"prod","http":{"method":"POST"}},"rawPath":"/prod/chat/x"}`,
			seen{"POST", "/chat/x", "", "", "", "", 0, http.Header{}}, headers},
		{"HTTP API, a path that only begins like the stage", `{"requestContext":{"stage":"prod","http":{"method":"POST"}},"rawPath":"/production"}`,
			seen{"POST", "/production", "", "", "", "", 0, http.Header{}}, headers},
		{"HTTP API, the stage's root", `{"requestContext":{"stage":"prod","http":{"method":"POST"}},"rawPath":"/prod"}`,
			seen{"POST", "/", "", "", "", "", 0, http.Header{}}, headers},
		{"load balancer: the query stays as it was sent", `{` + alb + `,"queryStringParameters":{"a":"x%20y+z","%53ign":"1"},"headers":{"host":"h"},"body":"b"}`,
			seen{"POST", "/chat", "a=x%20y+z&%53ign=1", "b", "", "h", 1, http.Header{"Host": {"h"}}}, albHeaders},
		{"load balancer, multi-value", `{` + alb + `,"multiValueQueryStringParameters":{"a":["1","%32"]},"multiValueHeaders":{"x":["1","2"]},"body":""}`,
			seen{"POST", "/chat", "a=1&a=%32", "", "", "", 0, http.Header{"X": {"1", "2"}}},
			`{"statusCode":418,"statusDescription":"418 I'm a teapot","multiValueHeaders":{"X-Two":["1","2"]},"body":"{\"quote\":\"\\\"é\"}","isBase64Encoded":false}`},
		{"HTTP API with payload format 1.0 and a stage", `{"httpMethod":"POST","path":"/prod/chat","requestContext":{"stage":"prod","path":"/prod/chat"}}`,
			seen{"POST", "/chat", "", "", "", "", 0, http.Header{}}, headers},
		{"REST API, a path of its own that begins like the stage", `{"httpMethod":"POST","path":"/prod/chat","requestContext":{"stage":"prod","path":"/prod/prod/chat"}}`,
			seen{"POST", "/prod/chat", "", "", "", "", 0, http.Header{}}, headers},
		{"multi-value headers that stand first", `{"multiValueHeaders":{"a":["1","2"]},"headers":{"a":"2"},"httpMethod":"POST"}`,
			seen{"POST", "/", "", "", "", "", 0, http.Header{"A": {"1", "2"}}}, headers},
		{"headers of one name in two cases", `{"headers":{"x-a":"1","X-A":"2","n":7,"l":["3","4"],"t":true,"o":{}},"httpMethod":"POST"}`,
			seen{"POST", "/", "", "", "", "", 0, http.Header{"X-A": {"1", "2"}, "N": {"7"}, "L": {"3", "4"}, "T": {""}}}, headers},
		// A bad byte in an unused field once made the adapter refuse the event, even for other
		// commands.
		{"a lone surrogate in a header, a bad byte in another and in its name", `{"httpMethod":"POST","headers":{"a":"\ud83d","b` + "\xff" + `":"` + "\xff" + `"},"x":"\udead"}`,
			seen{"POST", "/", "", "", "", "", 0, http.Header{"A": {"\ufffd"}, "b\xff": {"\xff"}}}, headers},
		{"a bad byte in the body stays, for the body has rules of its own", `{"httpMethod":"POST","body":"a` + "\xff" + `\"\ud83d\u00e9"}`,
			seen{"POST", "/", "", "a\xff\"\ufffdé", "", "", 8, http.Header{}}, headers},
		{"only a method", `{"httpMethod":"POST"}`, seen{"POST", "/", "", "", "", "", 0, http.Header{}}, headers},
		{"only a method, HTTP API", `{"requestContext":{"http":{"method":"GET"}}}`, seen{"GET", "/", "", "", "", "", 0, http.Header{}}, headers},
		{"no method at all", `{}`, seen{"", "/", "", "", "", "", 0, http.Header{}}, headers},
		{"everything null", `{"httpMethod":null,"path":null,"headers":null,"multiValueHeaders":null,"queryStringParameters":null,"body":null,"isBase64Encoded":null,"requestContext":null}`,
			seen{"", "/", "", "", "", "", 0, http.Header{}}, headers},
		{"percent-encoded path", `{"httpMethod":"POST","path":"/a%20b"}`, seen{"POST", "/a b", "", "", "", "", 0, http.Header{}}, headers},
		{"fields of other types are absent", `{"httpMethod":"POST","path":1,"headers":[],"queryStringParameters":"x","requestContext":7}`,
			seen{"POST", "/", "", "", "", "", 0, http.Header{}}, headers},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, reply := invoke(t, test.event)
			assert.Equal(t, test.want, got)
			encoded, err := json.Marshal(reply)
			require.NoError(t, err)
			assert.JSONEq(t, test.reply, string(encoded))
		})
	}
}

func TestAdapter_AnEventThatMakesNoSenseGetsAnHTTPReply(t *testing.T) {
	for name, event := range map[string]string{
		"empty": "", "null": "null", "list": "[]", "text": `"x"`, "cut short": `{"httpMethod":"POST"`, "not JSON": "<html>",
		"something after it": `{"httpMethod":"POST"}{}`, "a name twice": `{"httpMethod":"POST","httpMethod":"GET"}`, "not UTF-8": "{\"httpMethod\":\"\xff\"}",
		"method of another type": `{"httpMethod":1}`, "inner method of another type": `{"requestContext":{"http":{"method":{}}}}`,
		"body of another type": `{"httpMethod":"POST","body":{"a":1}}`, "body a number": `{"httpMethod":"POST","body":1}`,
		"flagged base64 but not so": `{"httpMethod":"POST","body":"{}","isBase64Encoded":true}`,
		"base64 without padding":    `{"httpMethod":"POST","body":"YQ","isBase64Encoded":true}`,
		"nested too deep":           `{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, reply := invoke(t, event)
			assert.EqualValues(t, http.StatusBadRequest, reply["statusCode"])
			assert.Equal(t, "malformed POST", reply["body"])
		})
	}
}

func TestAdapter_TakesTheRequestIDOfTheInvocation(t *testing.T) {
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"})
	for event, want := range map[string]string{
		`{"httpMethod":"POST","requestContext":{"elb":{}}}`:                          "invocation-1",
		`{"httpMethod":"POST","requestContext":{"requestId":"gateway-1"}}`:           "gateway-1",
		`{"requestContext":{"requestId":"gateway-2","http":{"method":"POST"}}}`:      "gateway-2",
		`{"requestContext":{"requestId":7,"http":{"method":"POST"}},"rawPath":"/a"}`: "invocation-1",
	} {
		var got seen
		invocation := ""
		recording := record(&got)
		_, err := awsgw.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			invocation = gateway.InvocationID(r.Context())
			recording.ServeHTTP(w, r)
		}), refused).Invoke(ctx, []byte(event))
		require.NoError(t, err)
		assert.Equal(t, want, got.id, event)
		assert.Equal(t, "invocation-1", invocation, event)
	}
}

func TestAdapter_TheDeadlineTravels(t *testing.T) {
	deadline := time.Date(2026, 11, 24, 0, 0, 3, 0, time.UTC)
	ctx, cancel := context.WithDeadline(context.WithValue(context.Background(), key{}, "kept"), deadline)
	defer cancel()
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, ok := r.Context().Deadline()
		assert.True(t, ok)
		assert.Equal(t, deadline, got)
		assert.Equal(t, "kept", r.Context().Value(key{}))
	})
	_, err := awsgw.New(handler, refused).Invoke(ctx, []byte(`{"httpMethod":"POST"}`))
	require.NoError(t, err)
}

type key struct{}

func TestAdapter_AThousandParametersTakeOnePass(t *testing.T) {
	var pairs []string
	for range 1000 {
		pairs = append(pairs, `"x"`)
	}
	got, _ := invoke(t, `{"httpMethod":"POST","multiValueQueryStringParameters":{"a":[`+strings.Join(pairs, ",")+`]}}`)
	assert.Equal(t, 1000, strings.Count(got.query, "a=x"))
}

func TestAdapter_ABinaryReplyGoesAsBase64(t *testing.T) {
	response, err := awsgw.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0}) }), refused).
		Invoke(context.Background(), []byte(`{"httpMethod":"GET"}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"statusCode":200,"headers":{},"body":"/wA=","isBase64Encoded":true}`, string(response))
}

// aws-lambda-go's own samples, of every kind of event there is, pass through without an error.
func TestAdapter_TakesEverySampleOfAWS(t *testing.T) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "events", "testdata", "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(files), 30, "the samples have moved")
	for _, file := range files {
		event, err := os.ReadFile(file)
		require.NoError(t, err)
		_, reply := invoke(t, string(event))
		assert.Contains(t, []any{418.0, 400.0}, reply["statusCode"], file)
		if strings.Contains(file, "apigw-request") || strings.Contains(file, "apigw-v2-request-no-authorizer") || strings.Contains(file, "alb-lambda-target") {
			assert.EqualValues(t, 418, reply["statusCode"], file)
		}
	}
}

func TestAdapter_EveryShapeBringsTheSameRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		query := url.Values{}
		for range rapid.IntRange(0, 4).Draw(t, "parameters") {
			query.Add(rapid.StringN(1, 5, -1).Draw(t, "name"), rapid.String().Draw(t, "value"))
		}
		request := sample.Request{
			Method: rapid.SampledFrom([]string{"POST", "GET", "PUT"}).Draw(t, "method"), Path: "/chat",
			RawQuery: query.Encode(), Body: rapid.String().Draw(t, "body"),
		}
		for _, event := range sample.AWSEvents(request) {
			got, _ := invoke(t, string(event.Payload))
			require.Equal(t, request.Method, got.method, event.Shape)
			require.Equal(t, "/chat", got.path, event.Shape)
			require.Equal(t, request.Body, got.body, event.Shape)
			require.EqualValues(t, len(request.Body), got.length, event.Shape)
			values, err := url.ParseQuery(got.query)
			require.NoError(t, err)
			if event.Shape != "alb" { // which keeps only one value per name
				require.Equal(t, query, values, event.Shape)
			}
		}
	})
}

func FuzzAdapter(f *testing.F) {
	for _, event := range sample.Events("aws") {
		f.Add(event.Payload)
	}
	f.Add([]byte(`{"httpMethod":"POST","body":"` + base64.StdEncoding.EncodeToString([]byte("x")) + `","isBase64Encoded":true}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		_, reply := invoke(t, string(event))
		require.Contains(t, []any{418.0, 400.0}, reply["statusCode"])
		require.IsType(t, "", reply["body"])
	})
}

func ExampleNew() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello "+r.URL.Query().Get("name"))
	})
	malformed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })

	adapter := awsgw.New(hello, malformed) // in a main: lambda.Start(adapter)
	response, _ := adapter.Invoke(context.Background(), []byte(`{"requestContext":{"http":{"method":"GET"}},"rawQueryString":"name=Lambda"}`))
	_, _ = os.Stdout.Write(response)
	// Output: {"statusCode":200,"headers":{},"body":"hello Lambda","isBase64Encoded":false}
}
