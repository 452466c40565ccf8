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
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

func (s *faultyStore) Open(ctx context.Context, limit int) (state.Counts, error) {
	if s.down {
		return state.Counts{}, errDown
	}
	return s.Store.Open(ctx, limit)
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

// settling is how long after the first run RepairNotRunning may still be on.
const settling = 3

// In normal operation there are single faults: a stranger's request, a delivery that failed once, a
// loss that is read back, a slow reply, a failed run, a minute without a run. A sink takes most of a
// second for each event. No alarm may fire for any of it.
func TestAlarms_AreSilentWithoutACause(t *testing.T) {
	o := operate(t)
	some, _ := o.live(60, func(minute int) {
		o.sink.SetDown(minute == 20)
		o.slow, o.store.down, o.stopped = 900*time.Millisecond, minute == 35, minute == 42
		o.traffic(nil)
		switch minute {
		case 10, 28, 46:
			o.send(msgext.GroupCommand, `{}`, func(q url.Values, _ *http.Request) { q.Set("Sign", strings.Repeat("0", 64)) })
		case 15, 30, 45:
			o.lose(3)
		case 50:
			o.slow = 1600 * time.Millisecond
			o.change(o.another(), "alice", true, nil)
		}
	})
	assert.Empty(t, some.on(settling))
}

// Each alarm must fire within its promised minutes after its cause begins, stay on until the cause
// ends, and then turn off. Other alarms may fire only if the cause explains them.
func TestAlarms_FireWithTheirCause(t *testing.T) {
	const began, ended = 10, 40
	for _, test := range []struct {
		alarm string
		cause func(o *operated, caused bool, minute int) // called once a minute
		// Minutes from the beginning of the cause until the alarm fires.
		within int
		// Minutes from the end of the cause until the alarm is off.
		over int
		also []string // other alarms that the cause explains
	}{
		{"FunctionErrors", func(o *operated, caused bool, _ int) {
			errors := 0.0 // Lambda reports it for every minute with an invocation
			if o.traffic(nil); caused {
				errors = 1
			}
			o.platform("Webhook", "Errors", errors)
		}, 1, 2, nil},
		{"Throttles", func(o *operated, caused bool, _ int) {
			if o.traffic(nil); caused {
				o.platform("Webhook", "Throttles", 3)
			}
		}, 1, 6, nil},
		{"SlowReplies", func(o *operated, caused bool, _ int) {
			if o.slow = 0; caused {
				o.slow = 1600 * time.Millisecond
			}
			o.traffic(nil)
			o.slow = 0
		}, 15, 10, nil},
		// The messages stay open meanwhile.
		{"FailedDeliveries", func(o *operated, caused bool, _ int) {
			o.sink.SetDown(caused)
			o.traffic(nil)
		}, 3, 6, []string{"OpenMessages"}},
		{"RelayFailures", func(o *operated, caused bool, _ int) {
			o.backend.Answer(relaytest.OK)
			if caused {
				o.backend.Answer(relaytest.Answer{End: relaytest.Reset})
			}
			o.traffic(nil)
		}, 3, 6, nil},
		{"RefusedSignatures", func(o *operated, caused bool, _ int) { // signed with another token
			o.traffic(func(q url.Values, _ *http.Request) {
				if caused {
					q.Set("Sign", webhook.Sign("another", q.Get("RequestTime")))
				}
			})
		}, 15, 30, nil},
		{"RefusedApps", func(o *operated, caused bool, _ int) {
			o.traffic(nil)
			for range 3 {
				if caused {
					o.traffic(func(q url.Values, _ *http.Request) { q.Set("SdkAppid", "7") })
				}
			}
		}, 15, 30, nil},
		{"RefusedAddresses", func(o *operated, caused bool, _ int) {
			o.traffic(func(_ url.Values, r *http.Request) {
				if caused {
					r.RemoteAddr = "198.51.100.7:1"
				}
			})
		}, 15, 30, nil},
		// One more each minute, each open until it was read twice.
		{"DoubtedMessages", func(o *operated, caused bool, _ int) {
			if o.traffic(nil); caused {
				m := o.another()
				o.change(m, "alice", false, nil)
				o.send(msgext.GroupCommand, fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":%q,"MsgSeq":%d,"OperateType":9}`, msgext.GroupCommand, m.GroupID, m.MsgSeq), nil)
			}
		}, 5, 16, []string{"OpenMessages"}},
		{"LostChanges", func(o *operated, caused bool, _ int) {
			if o.traffic(nil); caused {
				o.send(msgext.GroupCommand, `{"CallbackCommand"`, nil)
			}
		}, 5, 16, nil},
		// Last changes never come; what a run doubts is open until the next.
		{"DriftFound", func(o *operated, caused bool, minute int) {
			m := msgext.Message{SDKAppID: app, GroupID: "@TGS#1", MsgSeq: int64(minute % 2)}
			if o.change(m, fmt.Sprint(minute), !caused, nil); minute == began {
				o.repairs.VerifySample = 2
			} else if minute == ended {
				o.repairs.VerifySample = 0
			}
		}, 10, 16, []string{"OpenMessages"}},
		{"OpenMessages", func(o *operated, caused bool, minute int) { // Chat refuses us, one loss
			if o.chatError = 0; caused {
				o.chatError = 60021
			}
			if o.traffic(nil); minute == began {
				o.lose(1)
			}
		}, 15, 20, nil},
		// The same with a hundred losses.
		{"OpenMessages", func(o *operated, caused bool, minute int) {
			if o.chatError = 0; caused {
				o.chatError = 60021
			}
			if o.traffic(nil); minute == began {
				o.lose(100)
			}
		}, 15, 20, nil},
		// The same, and then the store does not say what is open.
		{"OpenMessages", func(o *operated, caused bool, minute int) {
			if o.chatError = 0; caused {
				o.chatError = 60021
			}
			o.store.down = caused && minute >= began+15
			if o.traffic(nil); minute == began {
				o.lose(1)
			}
		}, 15, 20, []string{"FailedDeliveries", "RepairErrors"}},
		{"RepairBehind", func(o *operated, caused bool, _ int) { // no time for any message
			if o.repairs.MaxRun = 0; caused {
				o.repairs.MaxRun = 1
			}
			o.traffic(nil)
		}, 7, 4, nil},
		// The store is down, which makes deliveries fail as well.
		{"RepairErrors", func(o *operated, caused bool, _ int) {
			o.store.down = caused
			o.traffic(nil)
		}, 3, 6, []string{"FailedDeliveries"}},
		{"RepairNotRunning", func(o *operated, caused bool, _ int) {
			o.stopped = caused
			o.traffic(nil)
		}, 13, 2, nil},
	} {
		t.Run(test.alarm, func(t *testing.T) {
			t.Parallel()
			o := operate(t)
			o.backend.Answer(relaytest.OK)
			some, all := o.live(ended+test.over+5, func(minute int) {
				test.cause(o, minute >= began && minute < ended, minute)
			})
			for minute := settling; minute < began; minute++ {
				assert.False(t, some[test.alarm][minute], "minute %d: before its cause", minute)
			}
			for minute := began + test.within - 1; minute < ended; minute++ {
				assert.True(t, all[test.alarm][minute], "minute %d: on, from %d minutes after its cause began", minute, test.within)
			}
			for minute := ended + test.over; minute < len(some[test.alarm]); minute++ {
				assert.False(t, some[test.alarm][minute], "minute %d: silent, from %d minutes after its cause ended", minute, test.over)
			}
			for _, name := range some.on(settling) {
				assert.Contains(t, append(test.also, test.alarm), name, "another alarm without its cause")
			}
		})
	}
}

// Every alarm has a cause above and a row in the document. Every metric is on the dashboard.
func TestAlarms_AreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(document), "| alarm | fires when | what to do |\n|---|---|---|\n")
	require.True(t, found)
	var rows []string
	for _, row := range regexp.MustCompile(`(?m)^\| (\w+) \|`).FindAllStringSubmatch(table[:strings.Index(table, "\n\n")], -1) {
		rows = append(rows, row[1])
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(alarms(t))), rows)
	test, err := os.ReadFile("alarms_test.go")
	require.NoError(t, err)
	for name := range alarms(t) {
		assert.Contains(t, string(test), `{"`+name+`", func(`, "an alarm without a cause that it was seen to fire with")
	}

	template, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	_, board, found := strings.Cut(string(template), "AWS::CloudWatch::Dashboard")
	require.True(t, found)
	for _, m := range metric.All() {
		assert.Equal(t, m.Source != metric.Server, strings.Contains(board, `["msgext","`+m.Name+`",`), m.Name)
	}
	for _, shown := range regexp.MustCompile(`\["msgext","(\w+)"`).FindAllStringSubmatch(board, -1) {
		assert.True(t, slices.ContainsFunc(metric.All(), func(m metric.Metric) bool { return m.Name == shown[1] }), shown[1])
	}
}
