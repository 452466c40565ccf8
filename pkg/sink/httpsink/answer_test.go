package httpsink_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/sinktest"
)

func TestSink_Answers(t *testing.T) {
	status := func(codes ...int) func(http.ResponseWriter, int) bool {
		return func(w http.ResponseWriter, request int) bool {
			if request > len(codes) {
				return false
			}
			w.Header().Set("Location", "://7f3a")
			w.WriteHeader(codes[request-1])
			_, _ = io.WriteString(w, "7f3a")
			return true
		}
	}
	later := func(text string) func(http.ResponseWriter, int) bool {
		return func(w http.ResponseWriter, request int) bool {
			w.Header().Set("Retry-After", text)
			w.WriteHeader(http.StatusServiceUnavailable)
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
		{"seconds longer than the budget are not waited for", later("3600"), 503, 1},
		{"nor are more seconds than a duration has", later("10000000000"), 503, 1},
		{"nor is a date beyond the budget", later("Fri, 31 Dec 2100 23:59:59 GMT"), 503, 1},
		{"a date that has passed asks for nothing", later("Fri, 31 Dec 1999 23:59:59 GMT"), 503, 5},
		{"neither does what is no time", later("soon"), 503, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rc := &receiver{answer: test.answer}
			err := open(t, rc, nil).Send(sinktest.Plenty(t), sinktest.Change(t, "g", 1, "v"))
			var status *httpsink.StatusError
			if test.wantStatus == 0 {
				require.NoError(t, err)
			} else {
				require.ErrorAs(t, err, &status)
				assert.Equal(t, test.wantStatus, status.Status)
				assert.NotContains(t, err.Error(), "7f3a")
			}
			assert.Equal(t, test.wantRequests, rc.requests)
		})
	}
}

// The sink waits for a Retry-After that fits into the context. The time is that of a synctest
// bubble.
func TestSink_WaitsAsLongAsAsked(t *testing.T) {
	tests := []struct{ name, text string }{
		{"in seconds", "3"},
		{"by a date", "Sat, 01 Jan 2000 00:00:03 GMT"}, // a bubble begins at midnight
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				go answerPlainly(there, "HTTP/1.1 503 Later\r\nRetry-After: "+test.text+"\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 Taken\r\n\r\n")
				s, err := httpsink.New(httpsink.Options{URL: "http://127.0.0.1/"})
				require.NoError(t, err)
				s.SetDial(func(context.Context, string, string) (net.Conn, error) { return here, nil })
				begun := time.Now()
				require.NoError(t, s.Send(t.Context(), sinktest.Change(t, "g", 1, "v")))
				assert.Equal(t, 3*time.Second, time.Since(begun))
				require.NoError(t, s.Close())
			})
		})
	}
}

// answerPlainly gives one answer per request, and after the last one waits until the client closes
// the connection.
func answerPlainly(conn net.Conn, answers ...string) {
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for _, answer := range answers {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		_, _ = io.WriteString(conn, answer)
	}
	_, _ = io.Copy(io.Discard, conn)
}

// The error for an answer that is not HTTP does not repeat it, because it may contain the event.
func TestSink_DoesNotQuoteAnAnswer(t *testing.T) {
	tests := []struct{ name, answer string }{
		{"no HTTP at all", "7f3a\r\n\r\n"},
		{"no status", "HTTP/1.1 7f3a\r\n\r\n"},
		{"no header", "HTTP/1.1 200 OK\r\n7f3a\r\n\r\n"},
		{"no length", "HTTP/1.1 200 OK\r\nContent-Length: 7f3a\r\n\r\n"},
		{"an unknown encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: 7f3a\r\n\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := httpsink.New(httpsink.Options{URL: "http://127.0.0.1/"})
			require.NoError(t, err)
			s.SetDial(func(context.Context, string, string) (net.Conn, error) {
				here, there := net.Pipe()
				go answerPlainly(there, test.answer)
				return here, nil
			})
			err = s.Send(sinktest.Plenty(t), sinktest.Change(t, "g", 1, "v"))
			require.ErrorIs(t, err, httpsink.ErrAnswer)
			assert.NotContains(t, err.Error(), "7f3a")
		})
	}
}

// An event is accepted once the status has arrived, whatever happens to the rest of the answer.
func TestSink_DoesNotWaitForTheRestOfAnAnswer(t *testing.T) {
	tests := []struct {
		name string
		rest func(w http.ResponseWriter, r *http.Request)
	}{
		{"that never ends", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, strings.Repeat("x", 1<<10))
			}
		}},
		{"that never comes", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"that breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(w).Flush()
				test.rest(w, r)
			}), nil)
			ctx := sinktest.Plenty(t)
			require.NoError(t, s.Send(ctx, sinktest.Change(t, "g", 1, "v")))
			assert.NoError(t, ctx.Err())
		})
	}
}

// A sandbox that was frozen has connections that the other side has closed, whatever way that
// shows. When the first is found dead, the sink closes the others, too.
func TestSink_LeavesDeadConnections(t *testing.T) {
	tests := []struct {
		name string
		die  func(w http.ResponseWriter, r *http.Request)
	}{
		{"closed", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"black hole", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			const before = 2 // connections, with one request each
			var connections, requests atomic.Int64
			var together sync.WaitGroup
			together.Add(before)
			type number struct{}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				switch connection := r.Context().Value(number{}).(int64); {
				case requests.Add(1) <= before:
					together.Done()
					together.Wait()
				case connection <= before:
					test.die(w, r)
				}
			}))
			server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
				return context.WithValue(ctx, number{}, connections.Add(1))
			}
			server.StartTLS()
			defer server.Close()
			s, err := httpsink.New(httpsink.Options{URL: secret.String(server.URL), TLS: trusting(server)})
			require.NoError(t, err)
			pass := s.Clock()
			var all sync.WaitGroup
			for version := range int64(before) {
				event := sinktest.Change(t, "g", version+1, "v")
				all.Go(func() { assert.NoError(t, s.Send(t.Context(), event)) })
			}
			all.Wait()
			pass(outbound.SuspectAfter)

			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			require.NoError(t, s.Send(ctx, sinktest.Change(t, "g", 3, "v")))
			assert.EqualValues(t, before+1, connections.Load())
			assert.EqualValues(t, before+2, requests.Load())
		})
	}
}

func TestSink_DoesNotRepeatWhatCannotSucceed(t *testing.T) {
	t.Run("an untrusted certificate", func(t *testing.T) {
		server := quietly(http.NotFoundHandler())
		defer server.Close()
		s, err := httpsink.New(httpsink.Options{URL: secret.String(server.URL)})
		require.NoError(t, err)
		dials := countDials(s)
		err = s.Send(sinktest.Plenty(t), sinktest.Change(t, "g", 1, "v"))
		require.ErrorContains(t, err, "certificate")
		assert.NotContains(t, err.Error(), "127.0.0.1")
		assert.Equal(t, 1, *dials)
	})
	t.Run("no TLS at the other side", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		s, err := httpsink.New(httpsink.Options{URL: secret.String(strings.Replace(server.URL, "http:", "https:", 1))})
		require.NoError(t, err)
		dials := countDials(s)
		require.ErrorContains(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "g", 1, "v")), "does not look like a TLS handshake")
		assert.Equal(t, 1, *dials)
	})
	t.Run("a refused connection is tried again", func(t *testing.T) {
		s, err := httpsink.New(httpsink.Options{URL: "http://127.0.0.1:1/"})
		require.NoError(t, err)
		dials := countDials(s)
		err = s.Send(sinktest.Plenty(t), sinktest.Change(t, "g", 1, "v"))
		require.EqualError(t, err, "httpsink: dial: connect: connection refused", "without the address")
		assert.Equal(t, 5, *dials)
	})
}

func countDials(s *httpsink.Sink) *int {
	dials := 0
	s.SetDial(func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, address)
	})
	return &dials
}

// The error also has the failure before the time was up.
func TestSink_TheErrorHasTheFailureBeforeTheTimeOut(t *testing.T) {
	tests := []struct{ name, answer string }{
		{"during a pause", "HTTP/1.1 503 Later\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"},
		{"during the next try, which gets no answer", "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				go answerPlainly(there, test.answer, "")
				s, err := httpsink.New(httpsink.Options{URL: "http://127.0.0.1/"})
				require.NoError(t, err)
				s.SetDial(func(context.Context, string, string) (net.Conn, error) { return here, nil })
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				err = s.Send(ctx, sinktest.Change(t, "g", 1, "v"))
				require.ErrorIs(t, err, context.Canceled)
				assert.EqualError(t, err, "httpsink: context canceled after: httpsink: answered 503")
				require.NoError(t, s.Close())
			})
		})
	}
}

// If an endpoint refuses even the marker, the error has the size.
func TestSink_TooLargeForGood(t *testing.T) {
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }), nil)
	var tooLarge *sink.TooLargeError
	event := sinktest.Change(t, "g", 1, "v")
	require.ErrorAs(t, s.Send(sinktest.Plenty(t), event), &tooLarge)
	assert.Equal(t, sink.TooLargeError{Size: len(event.JSON())}, *tooLarge)
}

func TestSink_Frozen(t *testing.T) {
	var network *outboundtest.Network
	s := open(t, new(receiver), func(address string) string {
		network = outboundtest.NewNetwork(t, address)
		return network.Addr().String()
	})
	sinktest.Frozen(t, network, s, s.Clock())
}
