package wire_test

import (
	"bufio"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/pkg/gateway"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/gateway/scfgw"
)

// FuzzPath checks that every accepted MSGEXT_PATH is the exact text that the receiver sees, by a
// server or through any gateway, decoded or not. No client and no router rewrites it.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "/hook", "/a/b/", "/a%2Fb", "/console/x", "/..", "/a//b", "/a b", "/-._~", "/api", "/é", "/a?b"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, value string) {
		cfg, err := load(value)
		if err != nil || cfg.Path == "" { // "" takes any path
			return
		}
		path := cfg.Path
		require.Equal(t, strings.TrimSpace(value), path)
		parsed, err := url.Parse("https://example.com" + path)
		require.NoError(t, err)
		require.Equal(t, path, parsed.ResolveReference(&url.URL{}).Path)
		require.Equal(t, "https://example.com"+path, parsed.String())
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader("POST " + path + "?a=b HTTP/1.1\r\nHost: example.com\r\n\r\n")))
		require.NoError(t, err)
		require.Equal(t, path, request.URL.Path)
		mux := http.NewServeMux()
		mux.HandleFunc(path, func(http.ResponseWriter, *http.Request) {})
		_, pattern := mux.Handler(request)
		require.Equal(t, path, pattern, "a router sends it elsewhere")
		for _, own := range []string{"/console/", "/api/"} {
			require.False(t, strings.HasPrefix(path, own))
		}
		quoted := strconv.Quote(path)
		require.Equal(t, path, pathThrough(t, awsgw.New, `{"version":"2.0","rawPath":`+quoted+`,"requestContext":{"stage":"$default","http":{"method":"POST"}}}`))
		require.Equal(t, path, pathThrough(t, awsgw.New, `{"httpMethod":"POST","path":`+quoted+`}`))
		require.Equal(t, path, pathThrough(t, scfgw.New, `{"httpMethod":"POST","path":`+quoted+`}`))
	})
}

func load(path string) (config.Config, error) {
	return driver.Drivers{}.Load([]string{"MSGEXT_SDK_APP_ID=1400000000", "MSGEXT_TOKEN=xxxxyyyy", "MSGEXT_PATH=" + path}, config.Webhook)
}

// pathThrough returns the path that a handler sees behind a gateway.
func pathThrough(t *testing.T, adapter func(handler, malformed http.Handler) *gateway.Adapter, event string) (path string) {
	t.Helper()
	malformed := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { require.Fail(t, "malformed", event) })
	_, err := adapter(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path = r.URL.Path }), malformed).Invoke(t.Context(), []byte(event))
	require.NoError(t, err)
	return path
}

// At least this path is accepted, so that the fuzz target tests something.
func TestFuzzPath_TakesSome(t *testing.T) {
	cfg, err := load("/hook/")
	require.NoError(t, err)
	require.Equal(t, "/hook/", cfg.Path)
}
