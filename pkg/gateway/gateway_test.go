package gateway_test

import (
	"context"
	"io"
	"net/http"
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
		{"a body that is given", func(w http.ResponseWriter, _ *http.Request) { w.(*gateway.Response).Give([]byte("a")) }, http.StatusOK, "a", false},
		{"a body that is given after another", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			w.(*gateway.Response).Give([]byte("a"))
			w.(*gateway.Response).Give([]byte("b"))
		}, http.StatusTeapot, "ab", false},
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
