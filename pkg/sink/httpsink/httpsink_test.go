package httpsink_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/sinktest"
)

const (
	oldSecret = "whsec_b2xkIHNlY3JldCBvZiB0ZXN0cw=="
	newSecret = "whsec_bmV3IHNlY3JldCBvZiB0ZXN0cw=="
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
	verifier, _ := standardwebhooks.NewWebhook(newSecret)
	if err != nil || verifier.Verify(body, r.Header) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
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

// open returns a sink that posts to the receiver over TLS, at another address if one is given.
func open(t testing.TB, rc http.Handler, address string) *httpsink.Sink {
	t.Helper()
	server := httptest.NewTLSServer(rc)
	t.Cleanup(server.Close)
	transport := server.Client().Transport.(*http.Transport).Clone()
	if address == "" {
		address = server.Listener.Addr().String()
	}
	s, err := httpsink.New(httpsink.Options{
		URL:     secret.String("https://" + address + "/hook/7f3a-path?key=7f3a-query"),
		Secrets: []secret.String{oldSecret, newSecret}, Transport: transport,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSink(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Destination {
		rc := new(receiver)
		return sinktest.Destination{
			Sink: open(t, rc, ""), Received: rc.received, Ordered: true, Secrets: []string{"7f3a", "whsec"},
		}
	})
}

func TestSink_Faults(t *testing.T) {
	rc := new(receiver)
	server := httptest.NewUnstartedServer(rc)
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := sinktest.NewProxy(t, server.Listener.Addr().String())
	s, err := httpsink.New(httpsink.Options{
		URL: secret.String("https://" + proxy.Address + "/"), Secrets: []secret.String{newSecret},
		Transport: server.Client().Transport.(*http.Transport),
	})
	require.NoError(t, err)
	sinktest.Faults(t, proxy, s, func() []cloudevent.Event { return rc.received(t) })
}

func TestSink_Answers(t *testing.T) {
	status := func(codes ...int) func(http.ResponseWriter, int) bool {
		return func(w http.ResponseWriter, request int) bool {
			if request > len(codes) {
				return false
			}
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(codes[request-1])
			return true
		}
	}
	tests := []struct {
		name         string
		answer       func(http.ResponseWriter, int) bool
		wantStatus   int // 0 for delivered
		wantRequests int
	}{
		{"2xx is delivered", status(202), 0, 1},
		{"a redirect is a failure and not followed", status(307), 307, 1},
		{"refused for good", status(403), 403, 1},
		{"tried again after 500 and 429", status(500, 429), 0, 3},
		{"given up after five tries", status(503, 503, 503, 503, 503), 503, 5},
		{"Retry-After longer than the budget is not waited for", func(w http.ResponseWriter, _ int) bool {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}, 503, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rc := &receiver{answer: test.answer}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := open(t, rc, "").Send(ctx, sinktest.Change(t, "g", 1, "v"))
			var status *httpsink.StatusError
			if test.wantStatus == 0 {
				require.NoError(t, err)
			} else {
				require.ErrorAs(t, err, &status)
				assert.Equal(t, test.wantStatus, status.Status)
			}
			assert.Equal(t, test.wantRequests, rc.requests)
		})
	}
}

// A connection that died while the sandbox was frozen is noticed and replaced inside the budget.
func TestSink_SurvivesAStaleConnection(t *testing.T) {
	rc := new(receiver)
	var connections []net.Conn
	server := httptest.NewUnstartedServer(rc)
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			rc.mu.Lock()
			defer rc.mu.Unlock()
			connections = append(connections, c)
		}
	}
	server.StartTLS()
	defer server.Close()
	s, err := httpsink.New(httpsink.Options{
		URL: secret.String(server.URL), Secrets: []secret.String{newSecret}, Transport: server.Client().Transport.(*http.Transport),
	})
	require.NoError(t, err)
	require.NoError(t, s.Send(t.Context(), sinktest.Change(t, "g", 1, "v")))
	rc.mu.Lock()
	for _, c := range connections {
		require.NoError(t, c.(*tls.Conn).NetConn().Close())
	}
	rc.mu.Unlock()
	require.NoError(t, s.Send(t.Context(), sinktest.Change(t, "g", 2, "v")))
	assert.Len(t, rc.received(t), 2)
}

func TestSink_RefusesLinkLocalAddresses(t *testing.T) {
	for _, address := range []string{"169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "100.100.100.200"} {
		s, err := httpsink.New(httpsink.Options{URL: secret.String("https://" + address + "/latest/meta-data")})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		assert.ErrorIs(t, s.Send(ctx, sinktest.Change(t, "g", 1, "v")), httpsink.ErrLinkLocal, address)
		cancel()
	}
}

func TestSink_UnsignedWithoutASecret(t *testing.T) {
	header := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header <- r.Header }))
	defer server.Close()
	s, err := httpsink.New(httpsink.Options{URL: secret.String(server.URL)})
	require.NoError(t, err)
	require.NoError(t, s.Send(t.Context(), sinktest.Change(t, "g", 1, "v")))
	assert.Empty(t, (<-header).Get("Webhook-Signature"))
	require.NoError(t, s.Close())
	assert.ErrorIs(t, s.Send(t.Context(), sinktest.Change(t, "g", 1, "v")), sink.ErrClosed)
}

func TestNew(t *testing.T) {
	for _, url := range []string{"", "http://example.com/", "ftp://example.com", "https://user:pass@example.com/", "https:///x", "example.com", "https://example.com/#f"} {
		_, err := httpsink.New(httpsink.Options{URL: secret.String(url)})
		assert.ErrorIs(t, err, httpsink.ErrURL, url)
	}
	for _, s := range []string{"secret", "whsec_", "whsec_%", ""} {
		_, err := httpsink.New(httpsink.Options{URL: "https://example.com/", Secrets: []secret.String{secret.String(s)}})
		assert.ErrorIs(t, err, httpsink.ErrSecret, s)
	}
}

func BenchmarkSend(b *testing.B) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	event := sinktest.Change(b, "g", 1, "v")
	b.Run("sink", func(b *testing.B) {
		s, err := httpsink.New(httpsink.Options{
			URL: secret.String(server.URL), Secrets: []secret.String{newSecret}, Transport: server.Client().Transport.(*http.Transport),
		})
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Send(b.Context(), event); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare client", func(b *testing.B) { bare(b, server, event) })
}
