package scfgw_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tencentyun/scf-go-lib/events"
	"github.com/tencentyun/scf-go-lib/functioncontext"
	"pgregory.net/rapid"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/pkg/gateway"
	"msgext/pkg/gateway/scfgw"
)

// seen is the request that a handler got.
type seen struct {
	method, path, query, body, id string
	length                        int64
	header                        http.Header
}

func invoke(t require.TestingT, ctx context.Context, event string) (seen, map[string]any) {
	var got seen
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), gateway.RequestID(r.Context()), r.ContentLength, r.Header}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	})
	malformed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	response, err := scfgw.New(handler, malformed).Invoke(ctx, []byte(event))
	require.NoError(t, err)
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(response, &decoded), "%s", response)
	return got, decoded
}

func TestAdapter_Shapes(t *testing.T) {
	tests := []struct {
		name, event string
		want        seen
	}{
		// The vendor's own sample (583/69491), its body and headers shortened.
		{"function URL", `{"body":"{\"a\":1}","headers":{"content-type":"application/json","x-scf-remote-addr":"111.206.96.145"},"httpMethod":"POST","path":"/","queryString":{"a":"1"}}`,
			seen{"POST", "/", "a=1", `{"a":1}`, "", 7, http.Header{"Content-Type": {"application/json"}, "X-Scf-Remote-Addr": {"111.206.96.145"}}}},
		{"API gateway", `{"requestContext":{"serviceId":"service-f94sy04v","path":"/test/{path}","httpMethod":"POST","requestId":"c6af9ac6","identity":{"secretId":"x"},"sourceIp":"10.0.2.14","stage":"release"},"headers":{},"body":"eA==","headerParameters":{},"pathParameters":{},"path":"/test/value","queryString":{"foo":"bar","bob":"alice"},"queryStringParameters":{},"httpMethod":"POST","isBase64Encoded":true}`,
			seen{"POST", "/test/value", "foo=bar&bob=alice", "x", "c6af9ac6", 1, http.Header{}}},
		{"values of every kind", `{"httpMethod":"POST","queryString":{"list":["1","2",3],"bare":true,"number":1669872112,"great":18446744073709551616,"false":false,"null":null,"object":{}}}`,
			seen{"POST", "/", "list=1&list=2&list=3&bare&number=1669872112&great=18446744073709551616", "", "", 0, http.Header{}}},
		{"no query, no body", `{"httpMethod":"POST","queryString":null}`, seen{"POST", "/", "", "", "", 0, http.Header{}}},
		{"no method", `{}`, seen{"", "/", "", "", "", 0, http.Header{}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, reply := invoke(t, t.Context(), test.event)
			assert.Equal(t, test.want, got)
			assert.Equal(t, map[string]any{
				"isBase64Encoded": false, "statusCode": 200.0, "headers": map[string]any{"Content-Type": "application/json"}, "body": "{}",
			}, reply)
		})
	}
}

func TestAdapter_TakesTheRequestIDOfTheInvocation(t *testing.T) {
	ctx := functioncontext.NewContext(t.Context(), &functioncontext.FunctionContext{RequestID: "invocation-1"})
	got, _ := invoke(t, ctx, `{"httpMethod":"POST"}`)
	assert.Equal(t, "invocation-1", got.id)
}

func TestAdapter_AnEventThatMakesNoSenseGetsAnHTTPReply(t *testing.T) {
	for _, event := range []string{"", "null", "[]", `{"httpMethod":7}`, `{"body":{}}`, `{"body":"%","isBase64Encoded":true}`, strings.Repeat("[", 100_000)} {
		_, reply := invoke(t, t.Context(), event)
		assert.EqualValues(t, http.StatusBadRequest, reply["statusCode"])
	}
}

// The same webhook through every gateway must give the same request.
func TestAdapter_EverySampleIsTheSameRequest(t *testing.T) {
	want := processtest.SampleRequest()
	for _, sample := range sample.Events("scf") {
		t.Run(sample.Shape, func(t *testing.T) {
			got, _ := invoke(t, t.Context(), string(sample.Payload))
			assert.Equal(t, want.Method, got.method)
			assert.Equal(t, want.Path, got.path)
			assert.Equal(t, want.Body, got.body)
			assert.EqualValues(t, len(want.Body), got.length)
			query, err := url.ParseQuery(got.query)
			require.NoError(t, err)
			wantQuery, err := url.ParseQuery(want.RawQuery)
			require.NoError(t, err)
			if sample.Shape == "apigw-query-values" {
				wantQuery["debug"], wantQuery["tag"] = []string{""}, []string{"a", "b", "3"}
			}
			assert.Equal(t, wantQuery, query)
			assert.NotEmpty(t, got.header.Get("Host"))
			assert.Equal(t, "application/json", got.header.Get("Content-Type"))
		})
	}
}

func TestAdapter_BringsTheReplyBack(t *testing.T) {
	event := sample.Events("scf")[0].Payload
	malformed := http.NotFoundHandler()
	rapid.Check(t, func(t *rapid.T) {
		status := rapid.IntRange(200, 599).Draw(t, "status")
		value := rapid.StringMatching(`[ -~]{0,9}`).Draw(t, "value")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Value", value)
			w.WriteHeader(status)
			_, _ = w.Write(body)
		})
		response, err := scfgw.New(handler, malformed).Invoke(context.Background(), event)
		require.NoError(t, err)
		var got events.APIGatewayResponse
		require.NoError(t, json.Unmarshal(response, &got), "%s", response)
		require.Equal(t, status, got.StatusCode)
		require.Equal(t, map[string]string{"X-Value": value}, got.Headers)
		text := []byte(got.Body)
		if got.IsBase64Encoded {
			text, err = base64.StdEncoding.DecodeString(got.Body)
			require.NoError(t, err)
		}
		require.Equal(t, string(body), string(text))
	})
}

func TestAdapter_EveryShapeBringsTheSameRequest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		query := url.Values{}
		for range rapid.IntRange(0, 4).Draw(rt, "parameters") {
			query.Add(rapid.StringN(1, 5, -1).Draw(rt, "name"), rapid.String().Draw(rt, "value"))
		}
		request := sample.Request{Method: "POST", Path: "/chat", RawQuery: query.Encode(), Body: rapid.String().Draw(rt, "body")}
		for _, event := range sample.SCFEvents(request) {
			got, _ := invoke(rt, t.Context(), string(event.Payload))
			require.Equal(rt, request.Body, got.body, event.Shape)
			values, err := url.ParseQuery(got.query)
			require.NoError(rt, err)
			require.Equal(rt, query, values, event.Shape)
		}
	})
}

func FuzzAdapter(f *testing.F) {
	for _, event := range sample.Events("scf") {
		f.Add(event.Payload)
	}
	f.Add([]byte(`{"httpMethod":"POST","queryString":{"a":true,"b":1e3}}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		_, reply := invoke(t, t.Context(), string(event))
		require.Contains(t, []any{200.0, 400.0}, reply["statusCode"])
	})
}

// BenchmarkAdapter uses a handler that only replies. The floor is the cost of decoding the event
// with encoding/json, without making the request and the reply.
func BenchmarkAdapter(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`))
	})
	adapter := scfgw.New(handler, http.NotFoundHandler())
	for _, sample := range sample.Events("scf") {
		b.Run("ours/"+sample.Shape, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := adapter.Invoke(context.Background(), sample.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
		if sample.Shape == "apigw-query-values" {
			continue // scf-go-lib's struct cannot decode it
		}
		b.Run("floor/"+sample.Shape, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var event events.APIGatewayRequest
				if err := json.Unmarshal(sample.Payload, &event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleNew() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello "+r.URL.Query().Get("name"))
	})
	malformed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })

	adapter := scfgw.New(hello, malformed) // in a main: cloudfunction.StartHandler(adapter)
	response, _ := adapter.Invoke(context.Background(), []byte(`{"httpMethod":"GET","path":"/","queryString":{"name":"SCF"}}`))
	_, _ = os.Stdout.Write(response)
	// Output: {"isBase64Encoded":false,"statusCode":200,"headers":{},"body":"hello SCF"}
}
