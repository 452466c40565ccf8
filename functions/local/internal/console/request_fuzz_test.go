package console_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"msgext/functions/local/internal/console"
	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

// FuzzRequest checks what the page relies on. Without the page's token nothing changes, by any
// method and path. Every answer is one of the page's own files or JSON, under the policy. A list
// has the entries after a number, and a message view the requested message. To a shell, a line to
// copy is the webhook that was received.
func FuzzRequest(f *testing.F) {
	for _, seed := range []struct{ method, path, query, token string }{
		{"GET", "", "", ""}, {"GET", "static/style.css", "", ""}, {"GET", "stream", "", ""}, {"GET", "deliveries", "after=1", ""}, {"GET", "deliveries/2", "", ""},
		{"GET", "found", "text=k1+v1", ""}, {"GET", "messages", "after=x&filter=te", ""}, {"GET", "message", "path=1400000000/test/10", ""},
		{"POST", "deliveries/1/curl", "", pageToken}, {"POST", "deliveries/1/send", "", pageToken}, {"POST", "samples/set", "", pageToken},
		{"POST", "samples/probe", "", "another"}, {"POST", "simulation", "", pageToken}, {"DELETE", "deliveries/1", "", ""},
		{"GET", "message", "path=1400000000/test/%2B10", ""},
	} {
		f.Add(seed.method, seed.path, seed.query, seed.token, []byte(setBody(2, "it's", "v1")))
	}
	f.Fuzz(func(t *testing.T, method, path, query, token string, body []byte) {
		request := &http.Request{Method: method, URL: &url.URL{Path: "/console/" + path, RawQuery: query}, Header: http.Header{}, Host: "127.0.0.1", Body: http.NoBody}
		if method == "" || strings.ContainsAny(path, "\r\n") || len(body) > 16<<10 {
			return // it is not a valid request
		}
		happened := 0
		p := &process{}
		p.wire("http://127.0.0.1:8080", func(o *console.Options) {
			send := o.Send
			o.Send = func(ctx context.Context, method, query string, body []byte) (int, []byte) {
				happened++
				return send(ctx, method, query, body)
			}
		})
		defer p.Close()
		p.receive(t, setBody(1, "k1", "v1"))
		reply := p.receive(t, string(body))

		// The line to copy must be the webhook that was received.
		var line struct {
			Line string
			Same bool
		}
		p.asks(t, http.MethodPost, "deliveries/2/curl", &line)
		words := words(t, line.Line)
		require.Equal(t, []string{"curl", "-sS"}, words[:2])
		target, err := url.Parse(words[2])
		require.NoError(t, err)
		parsed, err := webhook.ParseQuery(target.RawQuery)
		require.NoError(t, err)
		require.Equal(t, webhook.Sign(webhookToken, parsed.RequestTime), parsed.Sign)
		require.Equal(t, msgext.GroupCommand, parsed.Command)
		if line.Same && len(body) > 0 {
			require.Equal(t, []string{"-H", "Content-Type: application/json", "--data-raw", string(body)}, words[3:])
			require.True(t, utf8.Valid(body))
		}
		var again struct{ Reply string }
		p.asks(t, http.MethodPost, "deliveries/2/send", &again)
		require.Equal(t, reply, again.Reply)

		// The fuzzed request.
		request.Header.Set(console.TokenHeader, token)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if path == "stream" {
			cancel() // ends the stream after its first push
		}
		happened = 0
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, request.WithContext(ctx))
		require.NotEmpty(t, w.Header().Get("Content-Security-Policy"))
		if w.Code == http.StatusOK {
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		}
		var list struct {
			Entries []struct{ ID uint64 }
		}
		p.asks(t, http.MethodGet, "deliveries", &list)
		if token != pageToken || method == http.MethodGet || method == http.MethodHead {
			require.Zero(t, happened, "%s %s", method, path)
			require.Len(t, list.Entries, 3, "%s %s", method, path)
			if method != http.MethodGet && method != http.MethodHead {
				require.GreaterOrEqual(t, w.Code, 300)
			}
		}
		require.Less(t, w.Code, 500)
		if kind := w.Header().Get("Content-Type"); strings.HasPrefix(kind, "application/json") {
			require.True(t, json.Valid(w.Body.Bytes()))
			require.True(t, utf8.Valid(w.Body.Bytes()))
		} else if w.Code == http.StatusOK {
			require.True(t, path == "" || path == "stream" || strings.HasPrefix(path, "static/"), "%s %s", path, kind)
		}
		if method != http.MethodGet || w.Code != http.StatusOK {
			return
		}
		values, _ := url.ParseQuery(query)
		switch path {
		case "message":
			var view struct{ Path string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &view))
			require.Equal(t, values.Get("path"), view.Path)
			require.True(t, strings.HasPrefix(view.Path, appID+"/"))
		case "deliveries":
			after, _ := strconv.ParseUint(values.Get("after"), 10, 64)
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list))
			require.Len(t, list.Entries, int(3-min(after, 3)))
		}
	})
}

// receive passes a webhook of a group's message to the receiver, and returns the reply.
func (p *process) receive(t *testing.T, body string) string {
	t.Helper()
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, p.signed(msgext.GroupCommand), strings.NewReader(body)))
	return w.Body.String()
}

// asks sends a request as the page does.
func (p *process) asks(t *testing.T, method, path string, into any) {
	t.Helper()
	request := httptest.NewRequest(method, "/console/"+path, nil)
	request.Header.Set(console.TokenHeader, pageToken)
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, request)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), into))
}

// words splits a line as a POSIX shell does. It knows single quotes and a quote after a backslash.
// Any other character with a meaning in a shell fails the test.
func words(t *testing.T, line string) (words []string) {
	t.Helper()
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ':
			words, inWord = append(words, word.String()), false
			word.Reset()
		case c == '\'':
			length := strings.IndexByte(line[i+1:], '\'')
			require.GreaterOrEqual(t, length, 0, "an open quote")
			word.WriteString(line[i+1 : i+1+length])
			i, inWord = i+1+length, true
		case c == '\\':
			i++
			require.Equal(t, byte('\''), line[i])
			word.WriteByte(line[i])
		default:
			require.NotContains(t, "$`\"|&;<>()*?[]#~%!{}\n\t", string(c), "outside of quotes")
			word.WriteByte(c)
			inWord = true
		}
	}
	require.True(t, inWord)
	return append(words, word.String())
}
