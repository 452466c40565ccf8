package aws_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/internal/metric"
	"msgext/internal/relaytest"
	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/repair"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

const (
	app      = "1400000000"
	appToken = "xxxxyyyy"
	fromHere = "203.0.113.7:1234"
	patience = time.Minute // by the real clock; deliveries have no other bound
)

// operated is a deployment on a simulated clock: a receiver and a repairer that log as the Lambda
// functions do, Chat, and the metrics that CloudWatch makes from the log.
type operated struct {
	*testing.T
	mu       sync.Mutex // guards now, which sinks move
	now      time.Time
	log      bytes.Buffer
	watch    cloudWatch
	chat     *chatsim.Sim
	store    *faultyStore
	sink     *consumertest.Consumer
	receiver *receiver.Receiver
	repairs  repair.Options
	backend  *relaytest.Backend

	chatError int           // Chat's error code for every read, 0 for success
	slow      time.Duration // how long each delivery takes
	stopped   bool          // nobody invokes repair
	messages  int
}

// faultyStore is a store that fails while down is set.
type faultyStore struct {
	state.Store
	down bool
}

var errDown = errors.New("planted: down")

func (s *faultyStore) Apply(ctx context.Context, event msgext.Event, heard time.Time, mark state.Mark) error {
	if s.down {
		return errDown
	}
	return s.Store.Apply(ctx, event, heard, mark)
}

func (s *faultyStore) Due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	if s.down {
		return state.Page{}, errDown
	}
	return s.Store.Due(ctx, lane, before, after, limit)
}

func (s *faultyStore) Count(ctx context.Context, limit int) (state.Counts, error) {
	if s.down {
		return state.Counts{}, errDown
	}
	return s.Store.Count(ctx, limit)
}

func (o *operated) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *operated) set(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = now
}

func (o *operated) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// slowSink moves the simulated clock on by the time that a delivery takes.
type slowSink struct {
	sink.Sink
	o *operated
}

func (s slowSink) Send(ctx context.Context, event cloudevent.Event) error {
	s.o.pass(s.o.slow)
	return s.Sink.Send(ctx, event)
}

func operate(t *testing.T) *operated {
	t.Helper()
	o := &operated{
		T: t, now: time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC), watch: make(cloudWatch),
		store: &faultyStore{Store: memstate.New()}, sink: consumertest.New(), backend: relaytest.Start(t),
	}
	clock := o.clock
	o.chat = chatsim.New(chatsim.Options{
		SDKAppID: app, Token: appToken, Admin: "administrator", SecretKey: "key", Now: clock,
		Trouble: func(int, string) int { return o.chatError },
	})
	server := httptest.NewServer(o.chat.Handler())
	t.Cleanup(server.Close)
	api, err := chatapi.New(chatapi.Options{
		Endpoint: server.URL, SDKAppID: app, Admin: "administrator", SecretKey: "key", Now: clock, CallsPerSecond: 1e6,
	})
	require.NoError(t, err)
	backend, err := relay.New(relay.Options{URL: secret.String(o.backend.URL), Now: clock})
	require.NoError(t, err)
	logger := slog.New(slog.NewJSONHandler(&o.log, nil))
	sinks := []sink.Sink{slowSink{o.sink, o}}
	o.receiver = receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: app, Tokens: []secret.String{appToken}}, AllowFrom: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
		Store: o.store, Sinks: sinks, Relay: backend, RelayPass: true, Budget: patience, RelayBudget: patience, Logger: logger, Metrics: metric.Embedded("Webhook"), Now: clock,
		Started: o.now, RequestID: func(context.Context) string { return "gateway-1" }, InvocationID: func(context.Context) string { return "lambda-1" },
	})
	o.repairs = repair.Options{
		Store: o.store, SDKAppID: app, Chat: api, Sinks: sinks, Logger: logger, Metrics: metric.Embedded("Repair"), Now: clock,
		Wait: func(context.Context, time.Duration) error { return nil },
	}
	return o
}

// send sends a request, signed as Chat would unless change alters it.
func (o *operated) send(command, body string, change func(query url.Values, r *http.Request)) {
	seconds := strconv.FormatInt(o.clock().Unix(), 10)
	query := url.Values{"SdkAppid": {app}, "CallbackCommand": {command}, "RequestTime": {seconds}, "Sign": {webhook.Sign(appToken, seconds)}}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.RemoteAddr = fromHere
	if change != nil {
		change(query, r)
	}
	r.URL.RawQuery = query.Encode()
	o.receiver.ServeHTTP(httptest.NewRecorder(), r)
}

// change makes a change in Chat, and sends its webhook if arrives is set.
func (o *operated) change(m msgext.Message, key string, arrives bool, change func(url.Values, *http.Request)) {
	_, err := o.chat.Change(chatsim.Change{Message: m, Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: key, Value: "1"}}})
	require.NoError(o, err)
	version := o.chat.Truth(m).LatestSeq
	if arrives {
		o.send(msgext.GroupCommand, fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":%q,"MsgSeq":%d,"OperateType":1,`+
			`"ExtensionList":[{"Key":%q,"Value":"1","Seq":%d}],"Seq":%d}`, msgext.GroupCommand, m.GroupID, m.MsgSeq, key, version, version), change)
	}
}

// another returns a new message.
func (o *operated) another() msgext.Message {
	o.messages++
	return msgext.Message{SDKAppID: app, GroupID: "@TGS#1", MsgSeq: int64(o.messages)}
}

// lose makes n messages lose one change each. A later webhook makes the loss known.
func (o *operated) lose(n int) {
	for range n {
		m := o.another()
		o.change(m, "alice", false, nil)
		o.change(m, "bob", true, nil)
	}
}

// traffic sends what a healthy app sends in a minute.
func (o *operated) traffic(change func(url.Values, *http.Request)) {
	for range 5 {
		o.change(o.another(), "alice", true, change)
	}
	o.send("Group.CallbackBeforeSendMsg", `{}`, change)
}

// platform records a value that Lambda itself measures.
func (o *operated) platform(function, name string, value float64) {
	o.watch.put(o.clock(), value, "AWS/Lambda", name, dimension{"FunctionName", function})
}

// run invokes repair once, and counts it as Lambda does.
func (o *operated) run() {
	if o.stopped {
		return
	}
	_, err := repair.New(o.repairs).Invoke(o.Context(), []byte(`{"source":"aws.events"}`))
	failed := 0.0
	if err != nil {
		failed = 1
	}
	o.platform("Repair", "Errors", failed)
}

// history holds, for each alarm, whether it was on at the end of each minute.
type history map[string][]bool

// live lets minutes pass, and returns in which of them each alarm was on. CloudWatch does not say
// how many extra data points it examines, so each alarm is evaluated with several numbers of them:
// some says that it was on with any number, all that it was on with every number.
func (o *operated) live(minutes int, during func(minute int)) (some, all history) {
	some, all = make(history), make(history)
	known := alarms(o.T)
	states := make(map[string]string)
	start := o.clock()
	for minute := range minutes {
		o.set(start.Add(time.Duration(minute)*time.Minute + 5*time.Second))
		during(minute)
		o.set(start.Add(time.Duration(minute)*time.Minute + 40*time.Second))
		o.run()
		o.watch.read(o.T, o.log.String())
		o.log.Reset()
		end := start.Add(time.Duration(minute+1) * time.Minute)
		for name, a := range known {
			on := 0
			for _, extra := range a.extras() {
				key := fmt.Sprint(name, extra)
				if _, found := states[key]; !found {
					states[key] = isOK
				}
				states[key] = a.evaluate(o.watch, states[key], end, extra)
				if states[key] == isAlarm {
					on++
				}
			}
			some[name], all[name] = append(some[name], on > 0), append(all[name], on == len(a.extras()))
		}
	}
	return some, all
}

// on lists the alarms that were on at any time from the given minute on.
func (h history) on(from int) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if slices.Contains(h[name][from:], true) {
			names = append(names, name)
		}
	}
	return names
}
