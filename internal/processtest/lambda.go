package processtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Lambda is a running Lambda function. A Runtime API server gives it events as the platform does
// (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type Lambda struct {
	*process
	mu       sync.Mutex // one invocation at a time, as in a sandbox
	n        int
	timeout  time.Duration
	events   chan invocation
	inFlight map[string]invocation
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	reply    chan reply
}

type reply struct {
	body   []byte
	failed bool
}

// StartLambda runs a Lambda binary. The deadline of every invocation is timeout after its start.
func StartLambda(t testing.TB, binary string, timeout time.Duration, environ []string) *Lambda {
	t.Helper()
	l := &Lambda{timeout: timeout, events: make(chan invocation), inFlight: make(map[string]invocation)}
	api := httptest.NewServer(l.runtimeAPI())
	t.Cleanup(func() {
		api.CloseClientConnections()
		api.Close()
	})
	l.process = start(t, append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"),
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_LAMBDA_FUNCTION_NAME=webhook", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
	}, environ...), binary)
	return l
}

// Invoke hands the function an event and returns its response. Its error is the function's.
func (l *Lambda) Invoke(payload []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	i := invocation{
		id: "request-" + strconv.Itoa(l.n), payload: payload,
		deadline: time.Now().Add(l.timeout), reply: make(chan reply, 1),
	}
	l.inFlight[i.id] = i
	defer delete(l.inFlight, i.id)
	select {
	case l.events <- i:
	case <-l.done:
		return nil, fmt.Errorf("%w: %s%s", errGone, l.stdout.String(), l.stderr.String())
	}
	select {
	case r := <-i.reply:
		if r.failed {
			return nil, fmt.Errorf("function failed: %s", r.body)
		}
		return r.body, nil
	case <-l.done:
		return nil, fmt.Errorf("%w: %s%s", errGone, l.stdout.String(), l.stderr.String())
	}
}

// Stop ends the function at once.
func (l *Lambda) Stop(t testing.TB) { l.kill(t) }

// Log returns what the function has written.
func (l *Lambda) Log() string { return l.stdout.String() + l.stderr.String() }

func (l *Lambda) runtimeAPI() http.Handler {
	const base = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case i := <-l.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:000000000000:function:webhook")
			_, _ = w.Write(i.payload)
		case <-r.Context().Done():
		}
	})
	answer := func(failed bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body := readAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			// Only Invoke adds to the map, and it waits for this answer.
			if i, ok := l.inFlight[r.PathValue("id")]; ok {
				i.reply <- reply{body, failed}
			}
		}
	}
	mux.HandleFunc("POST "+base+"/invocation/{id}/response", answer(false))
	mux.HandleFunc("POST "+base+"/invocation/{id}/error", answer(true))
	return mux
}
