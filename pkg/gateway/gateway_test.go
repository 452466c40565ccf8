package gateway_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/gateway"
)

func serve(handler http.HandlerFunc) *gateway.Response {
	return gateway.Serve(handler, gateway.Request{Method: http.MethodPost, Path: "/"}.HTTP(context.Background()))
}

func TestServe(t *testing.T) {
	tests := []struct {
		name       string
		handler    http.HandlerFunc
		wantStatus int
		wantBody   string
		wantBase64 bool
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, http.StatusOK, "", false},
		{"body only", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a") }, http.StatusOK, "a", false},
		{"the first status counts", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
		}, http.StatusTeapot, "", false},
		{"a status after the body is late", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			w.WriteHeader(http.StatusTeapot)
		}, http.StatusOK, "a", false},
		{"an informational status is not the reply's", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
		}, http.StatusTeapot, "", false},
		{"not text", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff}) }, http.StatusOK, "/w==", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response := serve(test.handler)
			assert.Equal(t, test.wantStatus, response.Status())
			body, isBase64 := response.Body()
			assert.Equal(t, test.wantBody, string(body))
			assert.Equal(t, test.wantBase64, isBase64)
		})
	}
}

func TestRequest_IsWhatAServerWouldHandOver(t *testing.T) {
	request := gateway.Request{
		ID: "r1", Method: http.MethodPut, Path: "/a%2Fb", RawQuery: "q=%41", RemoteAddr: "192.0.2.10", Header: http.Header{"Host": {"example.com"}}, Body: []byte("body"),
	}.HTTP(context.Background())
	assert.Equal(t, "/a/b", request.URL.Path)
	assert.Equal(t, "/a%2Fb?q=%41", request.URL.RequestURI())
	assert.Equal(t, "example.com", request.Host)
	assert.EqualValues(t, 4, request.ContentLength)
	assert.Equal(t, "192.0.2.10", request.RemoteAddr)
	assert.Equal(t, "r1", gateway.RequestID(request.Context()))
	body, err := io.ReadAll(request.Body)
	require.NoError(t, err)
	assert.Equal(t, "body", string(body))
	assert.NoError(t, request.Body.Close())
}

func TestRequestID_IsEmptyOutsideARequest(t *testing.T) {
	assert.Empty(t, gateway.RequestID(context.Background()))
	assert.Empty(t, gateway.InvocationID(context.Background()))
}

func TestRequest_ItsContextEndsWithThePlatforms(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	request := gateway.Request{ID: "r1", Invocation: "i1", Path: "/"}.HTTP(ctx)
	inner, stop := context.WithCancel(request.Context())
	defer stop()
	cancel()
	<-inner.Done()
	assert.Equal(t, "r1", gateway.RequestID(inner))
	assert.Equal(t, "i1", gateway.InvocationID(inner))
}

// A path with an invalid escape is used unchanged.
func TestRequest_PathWithABarePercent(t *testing.T) {
	request := gateway.Request{Path: "/100%"}.HTTP(context.Background())
	assert.Equal(t, "/100%", request.URL.Path)
}

// Long bodies share memory with those before them. A reply has only its own.
func TestAdapter_LongAndShortRepliesInTurn(t *testing.T) {
	var body string
	shape := gateway.Shape{
		Request: func(context.Context, gateway.Event) gateway.Request { return gateway.Request{Header: http.Header{}} },
		Reply: func(_ gateway.Event, response *gateway.Response) []byte {
			text, _ := response.Body()
			return bytes.Clone(text)
		},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		room := w.(*gateway.Response).AvailableBuffer()
		_, _ = w.Write(append(room, body[:len(body)/2]...))
		_, _ = io.WriteString(w, body[len(body)/2:])
	})
	adapter := gateway.NewAdapter(shape, handler, handler)
	for n, size := range []int{10, 1000, 3, 500, 5000, 0, 128, 129, 1} {
		body = strings.Repeat(strconv.Itoa(n), size)
		reply, err := adapter.Invoke(t.Context(), []byte("{}"))
		require.NoError(t, err)
		assert.Equal(t, body, string(reply))
	}
}
