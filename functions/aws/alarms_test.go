package aws_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/relaytest"
	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

// settling is how long after the first run RepairNotRunning may still be on.
const settling = 3

// In normal operation there are single faults: a stranger's request, a delivery that failed once, a
// loss that is read back, a slow reply, a failed run, a minute without a run. A sink takes most of
// a second for each event. No alarm may fire for any of it.
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

// alarmsHead is the head of the document's table of alarms.
const alarmsHead = "| alarm | fires when | what to do | query of the log |\n|---|---|---|---|\n"

// Every alarm has a cause above and a row in the document. Every metric is on the dashboard.
func TestAlarms_AreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/alarms.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(document), alarmsHead)
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
