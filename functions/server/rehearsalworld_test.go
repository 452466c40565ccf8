package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/pkg/chatsim"
	"msgext/pkg/sink/sinktest"
)

// rehearsalSink is a consumer that can hang, refuse and break connections.
type rehearsalSink struct {
	*consumertest.Consumer
	url string

	mu    sync.Mutex
	fault func(http.ResponseWriter, *http.Request) // nil while the sink works
}

func newRehearsalSink(t *testing.T) *rehearsalSink {
	s := &rehearsalSink{Consumer: consumertest.New()}
	endpoint := httptest.NewServer(s)
	t.Cleanup(endpoint.Close)
	s.url = endpoint.URL + "/events"
	return s
}

func (s *rehearsalSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil {
		fault(w, r)
		return
	}
	s.Consumer.ServeHTTP(w, r)
}

func (s *rehearsalSink) set(fault func(http.ResponseWriter, *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// way is how a process reaches its store, and where the store itself is.
type way struct {
	direct, location string
	environ          []string
	proxy            *sinktest.Proxy // nil where there is no network in between
}

// wayTo creates the test's own store, with a network in front of it that can fail.
func wayTo(t *testing.T, store string) way {
	t.Helper()
	switch store {
	case "sqlite":
		location := "sqlite:" + t.TempDir() + "/state.db"
		return way{direct: location, location: location}
	case "dynamodb":
		location := dynamoTable(t)
		proxy := sinktest.NewProxy(t, strings.TrimPrefix(dynamoEndpoint(), "http://"))
		return way{location, location, []string{"AWS_ENDPOINT_URL_DYNAMODB=http://" + proxy.Address}, proxy}
	}
	direct := map[string]func(*testing.T) string{"postgres": postgresDatabase, "mysql": mysqlDatabase, "redis": redisDatabase}[store](t)
	location, err := url.Parse(direct)
	require.NoError(t, err)
	proxy := sinktest.NewProxy(t, location.Host)
	location.Host = proxy.Address
	return way{direct: direct, location: location.String(), proxy: proxy}
}

// taker takes webhooks. It is a process that can be killed and is then started again, as a platform
// does.
type taker interface {
	send(ctx context.Context, d chatsim.Delivery) error
	kill(t *testing.T)
	// repair stops taking webhooks, and from then on runs repair.
	repair(t *testing.T, environ []string)
}

func newTaker(t *testing.T, platform string, environ []string) taker {
	t.Helper()
	if platform == "lambda" {
		l := &lambdas{binary: binaries.Build(t, "functions/aws/webhook"), environ: environ, free: make(chan *processtest.Lambda, atOnce)}
		for range atOnce {
			l.free <- l.start(t)
		}
		return l
	}
	s := &servers{environ: environ, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.start(t, environ, "1h") // no repair during the traffic
	return s
}

// servers holds the server that runs now. After a kill the next one takes its place.
type servers struct {
	environ []string
	client  *http.Client // keeps as many connections as Chat has webhooks under way
	running *processtest.Server
	url     atomic.Value // string
}

func (s *servers) start(t *testing.T, environ []string, repairEvery string) {
	t.Helper()
	s.running = processtest.StartServer(t, binaries.Build(t, "functions/server"), environ, "-repair-every", repairEvery)
	s.url.Store(s.running.URL)
}

func (s *servers) send(ctx context.Context, d chatsim.Delivery) error {
	return chatsim.Sender(s.client, s.url.Load().(string))(ctx, d)
}

func (s *servers) kill(t *testing.T) {
	s.running.Kill(t)
	s.start(t, s.environ, "1h")
}

func (s *servers) repair(t *testing.T, environ []string) {
	s.running.Kill(t)
	s.start(t, environ, "1s")
}

// atOnce is how many webhooks are under way at once, and how many instances of the function run.
// The template's default, Concurrency, is 50.
const atOnce = 32

// lambdas are the instances of the webhook function. Each takes one event at a time.
type lambdas struct {
	binary  string
	environ []string
	free    chan *processtest.Lambda
}

func (l *lambdas) start(t *testing.T) *processtest.Lambda {
	t.Helper()
	return processtest.StartLambda(t, l.binary, 5*time.Second, l.environ)
}

func (l *lambdas) send(ctx context.Context, d chatsim.Delivery) error {
	instance := <-l.free
	defer func() { l.free <- instance }()
	return sendAs(sample.AWSEvents, instance.Invoke)(ctx, d)
}

func (l *lambdas) kill(t *testing.T) {
	for range atOnce {
		instance := <-l.free
		instance.Stop(t)
		l.free <- l.start(t)
	}
}

func (l *lambdas) repair(t *testing.T, environ []string) {
	t.Helper()
	var variables []string
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "MSGEXT_TOKEN=") {
			variables = append(variables, variable)
		}
	}
	repairer := processtest.StartLambda(t, binaries.Build(t, "functions/aws/repair"), time.Minute, variables)
	ctx, stop := context.WithCancel(t.Context())
	var repairing sync.WaitGroup
	repairing.Go(func() {
		for ctx.Err() == nil {
			// An error shows later, when the test waits for the truth.
			_, _ = repairer.Invoke([]byte(`{"detail-type":"Scheduled Event"}`))
			_ = chatsim.Sleep(ctx, time.Now().Add(time.Second))
		}
	})
	t.Cleanup(func() {
		stop()
		repairing.Wait()
	})
}

// outage is a fault that lasts for a while.
type outage struct {
	name       string
	begin, end func(t *testing.T)
	held       int // how often it came about
}

func outages(s *rehearsalSink, w way, e taker) []*outage {
	well := func(*testing.T) { s.set(nil) }
	all := []*outage{
		{name: "the sink refuses", begin: func(*testing.T) {
			s.set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		}, end: well},
		{name: "the sink hangs", begin: func(*testing.T) {
			s.set(func(_ http.ResponseWriter, r *http.Request) {
				// Only after this read does the server notice that the client has gone.
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			})
		}, end: well},
		{name: "the sink breaks connections", begin: func(*testing.T) {
			s.set(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		}, end: well},
		{name: "the process is killed", begin: e.kill, end: func(*testing.T) {}},
	}
	if w.proxy == nil {
		return all
	}
	return append(all,
		&outage{name: "the store is stopped", begin: func(*testing.T) { w.proxy.Refuse() }, end: func(t *testing.T) { w.proxy.Heal(t) }},
		&outage{name: "the store hangs", begin: func(t *testing.T) { w.proxy.Pause(t) }, end: func(t *testing.T) { w.proxy.Heal(t) }},
		&outage{name: "the store's connections break", begin: func(t *testing.T) { w.proxy.Break(t) }, end: func(t *testing.T) { w.proxy.Heal(t) }},
	)
}

// script makes the outages happen one after the other, spread over the traffic. It counts webhooks
// and uses no clock.
type script struct {
	t        *testing.T
	outages  []*outage
	rounds   int // how often each outage comes
	apart    int // webhooks from the beginning of one outage to that of the next
	last     int // webhooks that one outage lasts
	webhooks int

	mu    sync.Mutex
	sent  int
	under *outage
}

func newScript(t *testing.T, webhooks int, outages []*outage) *script {
	rounds := max(1, webhooks/40_000)
	apart := webhooks / (rounds*len(outages) + 1)
	return &script{t: t, outages: outages, rounds: rounds, apart: apart, last: min(apart/2, 400), webhooks: webhooks}
}

// next is called before each webhook. Concurrent webhooks wait while an outage begins or ends.
func (s *script) next() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	number := s.sent/s.apart - 1
	switch {
	case s.sent%s.apart == 0 && number < s.rounds*len(s.outages):
		s.under = s.outages[number%len(s.outages)]
		s.t.Logf("%d webhooks of about %d: %s", s.sent, s.webhooks, s.under.name)
		s.under.held++
		s.under.begin(s.t)
	case s.sent%s.apart == s.last && s.under != nil:
		s.under.end(s.t)
		s.under = nil
	}
}

// end ends the current outage, if there is one.
func (s *script) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under != nil {
		s.under.end(s.t)
		s.under = nil
	}
}
