package httpsink_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/secret"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/sinktest"
)

const (
	oldSecret = "whsec_b2xkIHNlY3JldCBvZiB0aGVzZSB0ZXN0cw=="
	newSecret = "whsec_bmV3IHNlY3JldCBvZiB0aGVzZSB0ZXN0cw=="
)

// receiver is an endpoint as a user would write it: it verifies with the Standard Webhooks library.
type receiver struct {
	mu       sync.Mutex
	events   []cloudevent.Event
	requests int
	answer   func(w http.ResponseWriter, request int) bool // reports whether it answered
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.requests++
	if rc.answer != nil && rc.answer(w, rc.requests) {
		return
	}
	for _, key := range []string{oldSecret, newSecret} { // the receiver may have either of them
		verifier, _ := standardwebhooks.NewWebhook(key)
		if err != nil || verifier.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	event, err := cloudevent.Decode(body)
	if err != nil || r.Header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	rc.events = append(rc.events, event)
	w.WriteHeader(http.StatusNoContent)
}

func (rc *receiver) received(*testing.T) []cloudevent.Event {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return append([]cloudevent.Event(nil), rc.events...)
}

// trusting returns settings that trust the server's certificate.
func trusting(server *httptest.Server) *tls.Config {
	return server.Client().Transport.(*http.Transport).TLSClientConfig
}

// quietly serves over TLS, without a log of the handshakes that a test breaks off.
func quietly(handler http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

// open returns a sink that posts over TLS to a handler, through a proxy if one is given.
func open(t testing.TB, handler http.Handler, proxied func(address string) string) *httpsink.Sink {
	t.Helper()
	server := quietly(handler)
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	if proxied != nil {
		address = proxied(address)
	}
	s, err := httpsink.New(httpsink.Options{
		URL:     secret.String("https://" + address + "/hook/7f3a-path?key=7f3a-query"),
		Secrets: []secret.String{oldSecret, newSecret}, TLS: trusting(server),
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestSink_Conformance(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Destination {
		rc := new(receiver)
		return sinktest.Destination{
			Sink: open(t, rc, nil), Received: rc.received, Ordered: true, Secrets: []string{"7f3a", "whsec"},
		}
	})
}

// An endpoint with a size limit gets the marker of a larger event.
func TestSink_ConformanceWithALimit(t *testing.T) {
	const limit = 100 << 10 // the limit of Express's json()
	sinktest.Run(t, func(t *testing.T) sinktest.Destination {
		rc := new(receiver)
		return sinktest.Destination{
			Sink: open(t, http.MaxBytesHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.ContentLength > limit {
					w.WriteHeader(http.StatusRequestEntityTooLarge)
					return
				}
				rc.ServeHTTP(w, r)
			}), limit), nil),
			Received: rc.received, Ordered: true, Limit: limit,
		}
	})
}

func TestSink_Faults(t *testing.T) {
	rc := new(receiver)
	var proxy *sinktest.Proxy
	s := open(t, rc, func(address string) string {
		proxy = sinktest.NewProxy(t, address)
		return proxy.Address
	})
	sinktest.Faults(t, proxy, s, func() []cloudevent.Event { return rc.received(t) })
}

func TestSink_UnsignedWithoutASecret(t *testing.T) {
	header := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header <- r.Header }))
	defer server.Close()
	s, err := httpsink.New(httpsink.Options{URL: secret.String(server.URL)})
	require.NoError(t, err)
	require.NoError(t, s.Send(t.Context(), sinktest.Change(t, "g", 1, "v")))
	assert.NotContains(t, <-header, "Webhook-Signature")
}

// The receiver gets the configured headers, which cannot replace the headers that the protocol
// needs.
func TestSink_Headers(t *testing.T) {
	header := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header <- r.Header }))
	defer server.Close()
	s, err := httpsink.New(httpsink.Options{
		URL: secret.String(server.URL), Secrets: []secret.String{newSecret},
		Headers: []httpsink.Header{{Name: "authorization", Value: "Bearer 7f3a"}, {Name: "X-Key", Value: "1"}, {Name: "X-Key", Value: "2"}, {Name: "User-Agent", Value: "own"}},
	})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, s.Send(t.Context(), sinktest.Change(t, "g", 1, "v")))
		got := <-header
		assert.Equal(t, []string{"Bearer 7f3a"}, got["Authorization"])
		assert.Equal(t, []string{"1", "2"}, got["X-Key"])
		assert.Equal(t, []string{"own"}, got["User-Agent"])
		assert.Equal(t, []string{cloudevent.ContentType}, got["Content-Type"])
		assert.NotEmpty(t, got["Webhook-Signature"])
	}
	for _, h := range []httpsink.Header{
		{Name: "content-type", Value: "7f3a"}, {Name: "Webhook-Signature", Value: "7f3a"}, {Name: "webhook-id", Value: "7f3a"}, {Name: "Webhook-Timestamp", Value: "7f3a"},
		{Name: "Host", Value: "7f3a"}, {Name: "Content-Length", Value: "7f3a"}, {Name: "", Value: "7f3a"}, {Name: "a b", Value: "7f3a"}, {Name: "X", Value: "7f3a\r\nY: 1"},
	} {
		_, err := httpsink.New(httpsink.Options{URL: "https://example.com/", Headers: []httpsink.Header{h}})
		require.ErrorIs(t, err, httpsink.ErrHeader, h.Name)
		assert.NotContains(t, err.Error(), "7f3a")
	}
}

func TestNew_Plain(t *testing.T) {
	for _, url := range []string{"http://example.com/", "http://receiver:8080/hook", "http://10.0.0.1/"} {
		_, err := httpsink.New(httpsink.Options{URL: secret.String(url)})
		assert.ErrorIs(t, err, httpsink.ErrPlain, url)
		_, err = httpsink.New(httpsink.Options{URL: secret.String(url), AllowPlain: true})
		assert.NoError(t, err, url)
	}
	_, err := httpsink.New(httpsink.Options{URL: "http://169.254.169.254/", AllowPlain: true})
	assert.ErrorIs(t, err, httpsink.ErrLinkLocal)
	_, err = httpsink.New(httpsink.Options{URL: "ftp://example.com/", AllowPlain: true})
	assert.ErrorIs(t, err, httpsink.ErrURL)
}

func TestNew(t *testing.T) {
	for _, url := range []string{"", "ftp://example.com", "https://user:pass@example.com/", "https:///x", "https:example.com/x", "example.com", "https://example.com/#f"} {
		_, err := httpsink.New(httpsink.Options{URL: secret.String(url)})
		assert.ErrorIs(t, err, httpsink.ErrURL, url)
	}
	for _, url := range []string{"https://example.com", "HTTPS://10.0.0.1:8443/x?y", "http://127.0.0.1/", "http://[::1]:80/", "http://localhost:1/"} {
		_, err := httpsink.New(httpsink.Options{URL: secret.String(url)})
		assert.NoError(t, err, url)
	}
	for _, s := range []string{"secret", "whsec_", "whsec_%", "", "whsec_c2VjcmV0", "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM="} {
		_, err := httpsink.New(httpsink.Options{URL: "https://example.com/", Secrets: []secret.String{secret.String(s)}})
		assert.ErrorIs(t, err, httpsink.ErrSecret, s)
		assert.ErrorContains(t, err, "openssl rand -base64 32")
	}
	// A secret printed by openssl is accepted, and so are other encodings of 24 bytes.
	for _, s := range []string{"whsec_3q2+7zJf0aC8m9sT/4uVb1cXe5yQpR6hWk2nLzGtUAo=", "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"} {
		_, err := httpsink.New(httpsink.Options{URL: "https://example.com/", Secrets: []secret.String{secret.String(s)}})
		assert.NoError(t, err)
	}
}

func TestNew_KeepsNoConnectionForLong(t *testing.T) {
	s, err := httpsink.New(httpsink.Options{URL: "https://h/"})
	require.NoError(t, err)
	assert.Equal(t, 30*time.Second, s.IdleTimeout())
}
