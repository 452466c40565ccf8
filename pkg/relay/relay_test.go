package relay_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound/outboundtest"
	"msgext/internal/relaytest"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
)

func open(t testing.TB, url string, headers ...relay.Header) *relay.Relay {
	t.Helper()
	r, err := relay.New(relay.Options{URL: secret.String(url), Headers: headers})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

// within returns a context that ends after d.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

const plenty = 20 * time.Second

func incoming(hops string) http.Header {
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"tencent-im"}}
	if hops != "" {
		header.Set(relay.HopsHeader, hops)
	}
	return header
}

// A complete answer is returned unchanged. Everything else is an error. The backend sees each
// request once.
func TestRelay_Vectors(t *testing.T) {
	backend := relaytest.Start(t)
	reasons := map[string]error{
		"relay: redirect": relay.ErrRedirect, "relay: answer too large": relay.ErrTooLarge,
		"relay: no answer": relay.ErrNoAnswer, "relay: loop": relay.ErrLoop, "relayed": nil,
	}
	for _, vector := range relaytest.Vectors() {
		t.Run(vector.Name, func(t *testing.T) {
			r := open(t, backend.URL)
			backend.Answer(vector.Answer)
			ctx := within(t, plenty)
			if vector.Waits() {
				ctx = within(t, 500*time.Millisecond)
			}
			answer, err := r.Do(ctx, relay.Request{RawQuery: "a=b", Header: incoming(vector.Hops), Body: []byte("body")})
			want, known := reasons[vector.Reason]
			require.True(t, known, vector.Reason)
			require.ErrorIs(t, err, want)
			if vector.Complete {
				assert.Equal(t, vector.Pass.Status, answer.Status)
				assert.Equal(t, vector.Pass.Body, string(answer.Body))
				assert.Equal(t, vector.Pass.ContentType, answer.Header.Get("Content-Type"))
				assert.Equal(t, vector.Pass.ContentEncoding, answer.Header.Get("Content-Encoding"))
				assert.NotContains(t, answer.Header, "X-Backend")
			}
			if vector.Reaches {
				assert.Len(t, backend.Requests(), 1)
			} else {
				assert.Empty(t, backend.Requests())
			}
		})
	}
}

func TestRelay_ARefusedConnectionIsNoAnswer(t *testing.T) {
	backend := relaytest.Start(t)
	backend.Stop()
	_, err := open(t, backend.URL).Do(within(t, plenty), relay.Request{})
	require.ErrorIs(t, err, relay.ErrNoAnswer)
	assert.EqualError(t, err, "relay: no complete answer: dial: connect: connection refused", "without the address")
}

// The backend gets what it needs to check Sign itself, and nothing about who called.
func TestRelay_Request(t *testing.T) {
	const raw = "SdkAppid=1&CallbackCommand=C2C.CallbackBeforeSendMsg&x=%7e%7E+a%20b&&=&y&z=%C3%28&Sign=ab"
	tests := []struct{ name, own, raw, want string }{
		{"byte for byte", "", raw, "?" + raw},
		{"behind the URL's own", "?key=a%2fb&flag", raw, "?key=a%2fb&flag&" + raw},
		{"no query but the URL's own", "?key=1", "", "?key=1"},
		{"none at all", "", "", ""},
	}
	body := []byte("{\"a\": 1}\n \x00\xff")
	backend := relaytest.Start(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := open(t, backend.URL+test.own,
				relay.Header{Name: "authorization", Value: "Bearer plant"}, relay.Header{Name: "X-Key", Value: "1"}, relay.Header{Name: "X-Key", Value: ""})
			header := http.Header{
				"Content-Type": {"application/json; charset=utf-8"}, "Content-Encoding": {"gzip"}, "User-Agent": {"tencent-im"},
				"Host": {"other.example"}, "Authorization": {"theirs"}, "X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Host": {"h"},
				"Cookie": {"c"}, "Accept-Encoding": {"gzip"}, "X-Key": {"theirs"}, "Connection": {"X-Key"}, "Idempotency-Key": {"k"},
			}
			_, err := r.Do(within(t, plenty), relay.Request{RawQuery: test.raw, Header: header, Body: body})
			require.NoError(t, err)
			seen := backend.Requests()
			require.Len(t, seen, 1)
			assert.Equal(t, "POST", seen[0].Method)
			assert.Equal(t, "/backend"+test.want, seen[0].Target)
			assert.Equal(t, strings.TrimSuffix(strings.TrimPrefix(backend.URL, "http://"), "/backend"), seen[0].Host)
			assert.Equal(t, body, seen[0].Body)
			assert.Equal(t, http.Header{
				"Content-Type": {"application/json; charset=utf-8"}, "Content-Encoding": {"gzip"}, "User-Agent": {"tencent-im"},
				"Content-Length": {"12"}, "Msgext-Hops": {"1"}, "Authorization": {"Bearer plant"}, "X-Key": {"1", ""},
			}, seen[0].Header)
		})
	}
}

// The backend gets no headers that the request does not have.
func TestRelay_RequestWithoutHeaders(t *testing.T) {
	backend := relaytest.Start(t)
	_, err := open(t, backend.URL).Do(within(t, plenty), relay.Request{Header: incoming("1")})
	require.NoError(t, err)
	_, err = open(t, backend.URL).Do(within(t, plenty), relay.Request{})
	require.NoError(t, err)
	seen := backend.Requests()
	require.Len(t, seen, 2)
	assert.Equal(t, "2", seen[0].Header.Get("Msgext-Hops"))
	assert.Equal(t, http.Header{"Content-Length": {"0"}, "Msgext-Hops": {"1"}}, seen[1].Header)
	assert.Empty(t, seen[1].Body)
}

// Only a query that no server has parsed can contain characters that would end the request line.
func TestRelay_QueryThatEndsTheLine(t *testing.T) {
	backend := relaytest.Start(t)
	for _, query := range []string{"a=b HTTP/1.1", "a\r\nX: y", "a\x00", "a\x7f", "\t"} {
		_, err := open(t, backend.URL).Do(within(t, plenty), relay.Request{RawQuery: query})
		require.ErrorIs(t, err, relay.ErrQuery, "%q", query)
	}
	assert.Empty(t, backend.Requests())
}

func TestNew_URL(t *testing.T) {
	for text, want := range map[string]error{
		"https://example.com/chat?key=1":  nil,
		"https://10.0.0.1/":               nil,
		"http://127.0.0.1:1/":             nil,
		"http://localhost/":               nil,
		"http://example.com/":             relay.ErrPlain,
		"https://user:secret@example.com": relay.ErrURL,
		"https://example.com/#a":          relay.ErrURL,
		"https://":                        relay.ErrURL,
		"ftp://example.com":               relay.ErrURL,
		"https://169.254.169.254/":        relay.ErrLinkLocal,
		"https://[::ffff:a9fe:a9fe]/":     relay.ErrLinkLocal,
	} {
		_, err := relay.New(relay.Options{URL: secret.String(text)})
		assert.ErrorIs(t, err, want, text)
	}
	_, err := relay.New(relay.Options{URL: "https://169.254.169.254/", AllowLinkLocal: true})
	assert.NoError(t, err)
	_, err = relay.New(relay.Options{URL: "http://backend/", AllowPlain: true})
	assert.NoError(t, err)
}

// A name that leads to a refused address is refused when the connection is made.
func TestRelay_RefusesNamesOfLinkLocalAddresses(t *testing.T) {
	r, err := relay.NewWithResolver(relay.Options{URL: "https://metadata.example/"}, outboundtest.Resolver(t, "169.254.169.254"))
	require.NoError(t, err)
	ctx := within(t, plenty)
	_, err = r.Do(ctx, relay.Request{})
	require.ErrorIs(t, err, relay.ErrLinkLocal)
	require.ErrorIs(t, err, relay.ErrNoAnswer)
	assert.NoError(t, ctx.Err())
}

func TestParseHeaders(t *testing.T) {
	headers, err := relay.ParseHeaders("Authorization: Bearer a:b \n\r\n x-empty:\nX-Key:1\n")
	require.NoError(t, err)
	assert.Equal(t, []relay.Header{{Name: "Authorization", Value: "Bearer a:b"}, {Name: "x-empty"}, {Name: "X-Key", Value: "1"}}, headers)
	for _, text := range []string{
		"plant", ": plant", "a b: plant", "a\u00e9: plant", "X: pl\x00ant", "X: a\rplant", "Host: plant", "content-type: plant", "Content-Encoding: plant",
		"user-agent: plant", "msgext-hops: 0", "Content-Length: 3", "transfer-encoding: plant", "Connection: plant", "te: plant", "Expect: plant",
		"Upgrade: plant", "Trailer: plant", "Keep-Alive: plant", "idempotency-key: plant", "X-Idempotency-Key: plant", "Proxy-Authorization: plant",
	} {
		_, err := relay.ParseHeaders("X-Ok: 1\n" + text)
		require.ErrorIs(t, err, relay.ErrHeader, text)
		assert.Contains(t, err.Error(), "line 2")
		assert.NotContains(t, err.Error(), "plant")
		name, value, _ := strings.Cut(text, ":")
		_, err = relay.New(relay.Options{URL: "https://example.com", Headers: []relay.Header{{Name: name, Value: secret.String(value)}}})
		if strings.Contains(text, ":") {
			assert.ErrorIs(t, err, relay.ErrHeader, text)
		}
	}
}

// No error repeats the URL, the query or what the backend said.
func TestRelay_ErrorsKeepSecrets(t *testing.T) {
	backend := relaytest.Start(t)
	own := backend.URL + "/plant?key=plant"
	for _, answer := range []relaytest.Answer{
		{Wire: "plant\r\n\r\n", End: relaytest.Close},
		{Wire: "HTTP/1.1 plant\r\n\r\n", End: relaytest.Close},
		{Wire: "HTTP/1.1 200 OK\r\nplant\r\n\r\n", End: relaytest.Close},
		{Wire: "HTTP/1.1 302 plant\r\nLocation: https://plant/\r\nContent-Length: 0\r\n\r\n"},
		{Wire: "HTTP/1.1 200 OK\r\nContent-Length: plant\r\n\r\n", End: relaytest.Close},
		{End: relaytest.Hang},
	} {
		backend.Answer(answer)
		_, err := open(t, own, relay.Header{Name: "X", Value: "plant"}).
			Do(within(t, 300*time.Millisecond), relay.Request{RawQuery: "Sign=plant", Header: incoming(""), Body: []byte("plant")})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "plant")
	}
}

// The backend must read the same parameters from the query as the sender meant, whatever query the
// URL itself has.
func FuzzRelay_Query(f *testing.F) {
	f.Add("key=1", "SdkAppid=1&Sign=ab&x=%7e+")
	f.Add("", "&&=&;")
	f.Add("a&b=%zz", "#%00")
	backend := relaytest.Start(f)
	f.Fuzz(func(t *testing.T, own, raw string) {
		target := backend.URL + "?" + own
		if u, err := url.Parse(target); err != nil || u.Fragment != "" || u.RawQuery != own {
			t.Skip("no such URL")
		}
		r, err := relay.New(relay.Options{URL: secret.String(target)})
		require.NoError(t, err)
		defer func() { _ = r.Close() }()
		_, err = r.Do(within(t, plenty), relay.Request{RawQuery: raw})
		seen := backend.Requests()
		if err != nil {
			require.Empty(t, seen, "refused before it is sent")
			return
		}
		require.Len(t, seen, 1)
		_, query, _ := strings.Cut(seen[0].Target, "?")
		want := own + "&" + raw
		if own == "" || raw == "" {
			want = own + raw
		}
		require.Equal(t, want, query)
	})
}

// A relay cannot send a command again, so it keeps an unused connection for a shorter time.
func TestNew_KeepsNoConnectionForLong(t *testing.T) {
	r, err := relay.New(relay.Options{URL: "https://h/"})
	require.NoError(t, err)
	assert.Equal(t, 4*time.Second, r.IdleTimeout())
}
