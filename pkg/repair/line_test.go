package repair_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/sink"
	"msgext/pkg/state/memstate"
)

// line is a world on simulated time in which messages wait for repair: its index lags by 2 s, and a
// REST call takes 100 ms.
type line struct {
	*world
	t     *testing.T
	calls atomic.Int64
	hangs func(call int64) bool
	took  func(call int64) time.Duration // 100 ms when nil
}

// scheduled runs a test of the schedule.
func scheduled(t *testing.T, test func(t *testing.T, l *line)) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{world: &world{now: time.Now(), store: memstate.NewLagging(2*time.Second, time.Now), sink: consumertest.New()}, t: t}
		l.chat = chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key"})
		var err error
		l.api, err = chatapi.New(chatapi.Options{
			Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", HTTPClient: &http.Client{Transport: l},
		})
		require.NoError(t, err)
		test(t, l)
	})
}

// RoundTrip carries a call to the simulated Chat and back.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	call := l.calls.Add(1)
	if l.hangs != nil && l.hangs(call) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	reply := httptest.NewRecorder()
	l.chat.Handler().ServeHTTP(reply, r)
	took := 100 * time.Millisecond
	if l.took != nil {
		took = l.took(call)
	}
	sleep(r.Context(), took)
	return reply.Result(), r.Context().Err()
}

func (l *line) with(change func(*repair.Options)) *repair.Repairer {
	options := repair.Options{
		Store: l.store, SDKAppID: app, Chat: l.api, Sinks: []sink.Sink{l.sink}, Grace: grace, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&options)
	}
	return repair.New(options)
}

func named(kind string, i int) msgext.Message {
	return msgext.Message{SDKAppID: app, GroupID: kind, MsgSeq: int64(i)}
}

// loses makes two changes of a message of which the first is lost.
func (l *line) loses(m msgext.Message) {
	l.change(l.t, m, msgext.Set, "alice", "lost")
	l.hears(m)
}

// hears makes a change, and its webhook arrives.
func (l *line) hears(m msgext.Message) {
	l.set(time.Now())
	l.receive(l.t, l.change(l.t, m, msgext.Set, "bob", "heard"))
}

func (l *line) open(m msgext.Message) bool {
	record, err := l.store.Load(context.Background(), m)
	require.NoError(l.t, err)
	return record.State.Gap()
}

// everyMinute runs a repairer at the beginning of each minute, for so many.
func (l *line) everyMinute(r *repair.Repairer, minutes int) (reports []repair.Report) {
	for range minutes {
		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
		report, err := r.Run(context.Background())
		require.NoError(l.t, err)
		reports = append(reports, report)
	}
	return reports
}
