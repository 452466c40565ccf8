package receiver_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

// outcomes are the metrics of which exactly one counts every request.
var outcomes = []string{
	metric.Accepted, metric.Rejected, metric.Failed, metric.OtherCommands, metric.Probes, metric.RelayFailed, metric.RelaySkipped,
}

// signed returns a request signed now, with its own parameters and body.
func signed(command, body string, change ...string) *http.Request {
	seconds := strconv.FormatInt(now.Unix(), 10)
	query := url.Values{
		"SdkAppid": {vectortest.SDKAppID}, "CallbackCommand": {command}, "RequestTime": {seconds}, "Sign": {webhook.Sign(vectortest.Token, seconds)},
	}
	for i := 0; i+1 < len(change); i += 2 {
		query.Set(change[i], change[i+1])
	}
	return httptest.NewRequest(http.MethodPost, "/?"+query.Encode(), strings.NewReader(body))
}

// measured returns the metrics in a line. For times it only checks that they are there.
func measured(line map[string]any) map[string]float64 {
	values := make(map[string]float64)
	for _, m := range metric.All() {
		value, found := line[m.Name].(float64)
		if found && m.Kind == metric.Span {
			value = 0
		}
		if found {
			values[m.Name] = value
		}
	}
	return values
}

func TestReceiver_MeasuresEachRequestByItsFate(t *testing.T) {
	const body = `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,` +
		`"OperateType":1,"ExtensionList":[{"Key":"a","Value":"b","Seq":1}],"Seq":1}`
	const sent = `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"test","MsgSeq":10,"Type":"Public","SupportMessageExtension":1}`
	broken := strings.Replace(body, `"OperateType":1`, `"OperateType":9`, 1)
	values := func(pairs ...any) map[string]float64 {
		all := map[string]float64{metric.Requests: 1, metric.RequestTime: 0}
		for i := 0; i+1 < len(pairs); i += 2 {
			all[pairs[i].(string)] = float64(pairs[i+1].(int))
		}
		return all
	}
	down := &doubtingStore{memstate.New(), func(context.Context, msgext.Message, time.Time, state.Source) error { return errors.New("planted") }}
	for _, test := range []struct {
		name    string
		request *http.Request
		change  func(*receiver.Options)
		want    map[string]float64
		refusal any
	}{
		{"a change", signed(msgext.GroupCommand, body), nil, values(metric.Accepted, 1), nil},
		{"a sink is down", signed(msgext.GroupCommand, body), func(o *receiver.Options) { o.Sinks = []sink.Sink{&fakeSink{"a", new(journal), fails}} },
			values(metric.Failed, 1, metric.FailedDelivery, 1), nil},
		{"a panic", signed(msgext.GroupCommand, body), func(o *receiver.Options) { o.Sinks = []sink.Sink{&fakeSink{"a", new(journal), panics}} },
			values(metric.Failed, 1, metric.FailedDelivery, 1), nil},
		{"another command", signed("Group.CallbackAfterNewMemberJoin", `{}`), nil, values(metric.OtherCommands, 1), nil},
		{"a command that is not forwarded", signed("Group.CallbackAfterNewMemberJoin", `{}`), func(o *receiver.Options) {
			o.ForwardOther, o.Sinks = true, []sink.Sink{&fakeSink{"a", new(journal), fails}}
		}, values(metric.OtherCommands, 1, metric.FailedDelivery, 1, metric.Failed, 0), nil},
		{"an announcement", signed("Group.CallbackAfterSendMsg", sent), func(o *receiver.Options) { o.Announce = []string{"group_poll"} },
			values(metric.OtherCommands, 1, metric.Announced, 1), nil},
		{"the console's trial", httptest.NewRequest(http.MethodPost, "/", nil), nil, values(metric.Probes, 1), nil},
		{"a doubt", signed(msgext.GroupCommand, broken), nil, values(metric.Rejected, 1, metric.Doubted, 1), metric.RefusedOther},
		{"a loss", signed(msgext.GroupCommand, `{`), nil, values(metric.Rejected, 1, metric.Lost, 1), metric.RefusedOther},
		{"a doubt that cannot be noted", signed(msgext.GroupCommand, broken), func(o *receiver.Options) { o.Store = down },
			values(metric.Failed, 1, metric.FailedDelivery, 1, metric.Lost, 1), nil},
		{"a wrong signature", signed(msgext.GroupCommand, body, "Sign", webhook.Sign("other", strconv.FormatInt(now.Unix(), 10))), nil, values(metric.Rejected, 1), metric.RefusedSignature},
		{"no signature", httptest.NewRequest(http.MethodPost, "/?SdkAppid="+vectortest.SDKAppID+"&CallbackCommand="+msgext.GroupCommand, strings.NewReader(body)),
			nil, values(metric.Rejected, 1), metric.RefusedSignature},
		{"a stale one", signed(msgext.GroupCommand, body, "RequestTime", "1000000000"), nil, values(metric.Rejected, 1), metric.RefusedSignature},
		{"another app", signed(msgext.GroupCommand, body, "SdkAppid", "7"), nil, values(metric.Rejected, 1), metric.RefusedApp},
		{"a browser", httptest.NewRequest(http.MethodGet, "/", nil), nil, values(metric.Rejected, 1), metric.RefusedOther},
	} {
		t.Run(test.name, func(t *testing.T) {
			options, lines := logged(options())
			options.Metrics, options.Store, options.Budget = metric.Embedded("votes"), memstate.New(), time.Minute
			if test.change != nil {
				test.change(&options)
			}
			receiver.New(options).ServeHTTP(httptest.NewRecorder(), test.request)
			line := lines.only(t)
			assert.Equal(t, test.want, measured(line))
			assert.Equal(t, test.refusal, line[metric.KeyRefusal])
			assert.Equal(t, "votes", line[metric.KeyFunction])
			counted := 0.0
			for _, name := range outcomes {
				counted += test.want[name]
			}
			assert.Equal(t, test.want[metric.Requests], counted, "each request is counted once by its fate")
			assert.ElementsMatch(t, slices.Collect(maps.Keys(test.want)), embedded(t, lines))
		})
	}
}

// embedded returns the names of the metrics in a line's metadata.
func embedded(t *testing.T, l *lines) (names []string) {
	t.Helper()
	var line struct {
		AWS struct {
			CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
		} `json:"_aws"`
	}
	require.NoError(t, json.Unmarshal(l.Bytes(), &line))
	require.NotEmpty(t, line.AWS.CloudWatchMetrics)
	for _, m := range line.AWS.CloudWatchMetrics[0].Metrics {
		names = append(names, m.Name)
	}
	return names
}
