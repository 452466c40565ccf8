package awsgw_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/pkg/gateway/awsgw"
)

// The same webhook through every gateway must give the same request.
func TestAdapter_EverySampleIsTheSameRequest(t *testing.T) {
	want := processtest.SampleRequest()
	wantQuery, err := url.ParseQuery(want.RawQuery)
	require.NoError(t, err)
	for _, sample := range sample.Events("aws") {
		t.Run(sample.Shape, func(t *testing.T) {
			got, _ := invoke(t, string(sample.Payload))
			assert.Equal(t, want.Method, got.method)
			assert.Equal(t, want.Path, got.path)
			assert.Equal(t, want.Body, got.body)
			assert.EqualValues(t, len(want.Body), got.length)
			query, err := url.ParseQuery(got.query)
			require.NoError(t, err)
			assert.Equal(t, wantQuery, query)
			if strings.HasPrefix(sample.Shape, "http-v2") || strings.HasPrefix(sample.Shape, "function-url") {
				assert.Equal(t, want.RawQuery, got.query)
			}

			assert.NotEmpty(t, got.host)
			assert.Equal(t, got.host, got.header.Get("Host"))
			assert.Equal(t, "application/json", got.header.Get("Content-Type"))
			for name := range got.header {
				assert.Equal(t, textproto.CanonicalMIMEHeaderKey(name), name)
			}
		})
	}
}

// replyOf returns what a gateway would send for a response.
type replyOf struct {
	status int
	header http.Header
	body   string
}

// receive reads a response the way the shape's gateway does.
func receive(t require.TestingT, shape string, response []byte) replyOf {
	var r events.ALBTargetGroupResponse // it has all fields of the others
	decoder := json.NewDecoder(bytes.NewReader(response))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&r), "%s", response)
	header := http.Header{}
	if strings.HasPrefix(shape, "alb-multi") {
		require.Nil(t, r.Headers)
		header = r.MultiValueHeaders
	} else {
		require.Nil(t, r.MultiValueHeaders)
		for name, value := range r.Headers {
			header[name] = []string{value}
		}
	}
	if strings.HasPrefix(shape, "alb") {
		require.Equal(t, strconv.Itoa(r.StatusCode)+" "+http.StatusText(r.StatusCode), r.StatusDescription)
	} else {
		require.Empty(t, r.StatusDescription)
	}
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		var err error
		body, err = base64.StdEncoding.DecodeString(r.Body)
		require.NoError(t, err)
	}
	return replyOf{r.StatusCode, header, string(body)}
}

func TestAdapter_EveryShapeBringsTheReplyBack(t *testing.T) {
	samples := sample.Events("aws")
	rapid.Check(t, func(t *rapid.T) {
		want := replyOf{
			status: rapid.SampledFrom([]int{200, 201, 301, 400, 401, 404, 405, 413, 500, 503}).Draw(t, "status"),
			header: http.Header{},
			body:   string(rapid.SliceOf(rapid.Byte()).Draw(t, "body")),
		}
		for range rapid.IntRange(0, 4).Draw(t, "headers") {
			value := rapid.StringMatching(`[ -~]{0,9}`).Draw(t, "value")
			want.header.Add(rapid.StringMatching(`[A-Za-z0-9-]{1,9}`).Draw(t, "name"), value)
		}
		chunks := rapid.IntRange(1, 3).Draw(t, "writes")
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range want.header {
				w.Header()[name] = slices.Clone(values)
			}
			w.WriteHeader(want.status)
			for i := range chunks {
				_, _ = w.Write([]byte(want.body[i*len(want.body)/chunks : (i+1)*len(want.body)/chunks]))
			}
		})
		sample := rapid.SampledFrom(samples).Draw(t, "sample")
		response, err := awsgw.New(handler, refused).Invoke(context.Background(), sample.Payload)
		require.NoError(t, err)
		expected := want
		if !strings.HasPrefix(sample.Shape, "alb-multi") { // one string per name
			expected.header = http.Header{}
			for name, values := range want.header {
				expected.header[name] = []string{strings.Join(values, ", ")}
			}
		}
		require.Equal(t, expected, receive(t, sample.Shape, response))
	})
}

// BenchmarkAdapter uses a handler that only replies. The floor is the cost of decoding the event
// with encoding/json, without making the request and the reply.
func BenchmarkAdapter(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`))
	})
	adapter := awsgw.New(handler, refused)
	for _, sample := range sample.Events("aws") {
		b.Run("ours/"+sample.Shape, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := adapter.Invoke(context.Background(), sample.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("floor/"+sample.Shape, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := json.Unmarshal(sample.Payload, eventOf(sample.Shape)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// eventOf returns aws-lambda-go's struct for a shape.
func eventOf(shape string) any {
	switch {
	case strings.HasPrefix(shape, "http-v2"):
		return new(events.APIGatewayV2HTTPRequest)
	case strings.HasPrefix(shape, "function-url"):
		return new(events.LambdaFunctionURLRequest)
	case strings.HasPrefix(shape, "alb"):
		return new(events.ALBTargetGroupRequest)
	}
	return new(events.APIGatewayProxyRequest)
}
