package receiver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
)

// all returns the lines, read.
func (l *lines) all(t *testing.T) (all []map[string]any) {
	t.Helper()
	for text := range strings.Lines(l.String()) {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		all = append(all, line)
	}
	return all
}

// flood is a receiver on a clock, with functions that send it a request of each kind.
type flood struct {
	*lines
	now time.Time
	rc  *receiver.Receiver
}

func newFlood(format metric.Format) *flood {
	f := &flood{now: now}
	options, lines := logged(options())
	options.Metrics, options.Now = format, func() time.Time { return f.now }
	f.lines, f.rc = lines, receiver.New(options)
	return f
}

func (f *flood) send(n int, request func() *http.Request) {
	for range n {
		f.rc.ServeHTTP(httptest.NewRecorder(), request())
	}
}

func wrongSign() *http.Request {
	return signed(msgext.GroupCommand, "{}", "Sign", strings.Repeat("0", 64))
}
func otherApp() *http.Request { return signed(msgext.GroupCommand, "{}", "SdkAppid", "7") }
func browser() *http.Request  { return httptest.NewRequest(http.MethodGet, "/", nil) }
func join() *http.Request     { return signed("Group.CallbackAfterNewMemberJoin", `{}`) }
func brokenBody() *http.Request {
	return signed(msgext.GroupCommand, `{`)
}

func TestReceiver_AFloodHasFiveLinesAMinute(t *testing.T) {
	f := newFlood(metric.Embedded("votes"))
	f.send(1000, wrongSign)
	require.Len(t, f.all(t), 5, "the first five say what they are")

	f.send(40, otherApp)
	require.Len(t, f.all(t), 5, "whatever is refused counts")
	f.send(1, join)
	lines := f.all(t)[5:]
	require.Len(t, lines, 3, "the count goes out with the next line of any kind")
	for i, want := range []map[string]any{
		{"refusal": "app", "counted": 40.0, metric.Requests: 40.0, metric.Rejected: 40.0, "fate": "rejected"},
		{"refusal": "signature", "counted": 995.0, metric.Requests: 995.0, metric.Rejected: 995.0, "fate": "rejected"},
		{metric.Requests: 1.0, metric.OtherCommands: 1.0, "fate": "accepted"},
	} {
		assert.Subset(t, lines[i], want)
	}
	assert.Equal(t, "webhook: refused, counted", lines[0]["msg"], "a query by msg tells both kinds of line apart")

	f.send(1, join)
	assert.Len(t, f.all(t), 9, "a count goes out once")
	f.now = f.now.Add(time.Minute)
	f.send(7, browser)
	assert.Len(t, f.all(t), 14, "another minute, five more")
	f.now = f.now.Add(time.Minute)
	f.send(1, wrongSign)
	lines = f.all(t)[14:]
	require.Len(t, lines, 2, "a refusal with a line of its own takes the count along as well")
	assert.Subset(t, lines[0], map[string]any{"refusal": "other", "counted": 2.0})
}

// A request that is refused after its sender was authenticated always has its line, which may be
// the only trace of a change.
func TestReceiver_WhatIsAuthenticHasItsLineAlways(t *testing.T) {
	f := newFlood(metric.Plain)
	f.send(20, wrongSign)
	f.send(20, brokenBody)
	lost := 0
	for _, line := range f.all(t) {
		if line["effect"] == "lost" {
			lost++
		}
	}
	assert.Equal(t, 20, lost)
}

// Every request is in the metrics, whether or not it has a line.
func TestReceiver_AFloodIsCountedInFull(t *testing.T) {
	for _, format := range []metric.Format{nil, metric.Plain, metric.Embedded("votes")} {
		f := newFlood(format)
		for range 30 {
			f.send(11, wrongSign)
			f.send(2, browser)
			f.now = f.now.Add(20 * time.Second)
		}
		f.now = now // the time at which the next requests are signed
		f.send(1, join)
		requests, counted := 0.0, 0.0
		for _, line := range f.all(t) {
			if n, ok := line["counted"].(float64); ok {
				counted += n
			} else {
				counted++
			}
			if n, ok := line[metric.Requests].(float64); ok {
				requests += n
			}
		}
		assert.EqualValues(t, 30*13+1, counted)
		if format != nil {
			assert.EqualValues(t, 30*13+1, requests)
		}
	}
}

// Measures what one refused request costs in log, before and after the limit. docs/floods.md has
// the figures.
func TestReceiver_WhatAFloodCostsInLog(t *testing.T) {
	f := newFlood(metric.Embedded("msgext-Webhook-1A2B3C4D5E6F"))
	f.send(1, wrongSign)
	full := f.Len()
	f.send(9_999, wrongSign)
	f.send(1, join)
	t.Logf("a line in full has %d bytes; 10,000 refused requests of a minute have %d", full, f.Len())
	assert.Less(t, f.Len(), 10*full)
}
