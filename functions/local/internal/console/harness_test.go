package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/functions/local/internal/console"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

const (
	appID                      = "1400000000"
	pageToken                  = "the-page-itself"
	webhookToken secret.String = "the app's webhook token"
)

// process is a receiver, a store and a console behind one address, as in the local process.
type process struct {
	*console.Console
	URL   string
	Store state.Store

	handler http.Handler
	clock   clock
	end     func() // ends the process, as a browser sees it
}

// clock runs with the real clock until a test moves it, as for screenshots.
type clock struct {
	mu    sync.Mutex
	moved time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved.IsZero() {
		return time.Now()
	}
	c.moved = c.moved.Add(1370 * time.Microsecond)
	return c.moved
}

// move sets the clock. From then on it advances only when it is read.
func (c *clock) move(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = to
}

// start starts a process on loopback. change may alter the console's options first.
func start(t testing.TB, change func(*console.Options)) *process { return startWith(t, change) }

// startWith starts a process with the given sinks.
func startWith(t testing.TB, change func(*console.Options), sinks ...sink.Sink) *process {
	t.Helper()
	p := &process{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }))
	p.wire(server.URL, change, sinks...)
	p.end = func() {
		p.Close()
		server.CloseClientConnections()
		server.Close()
	}
	t.Cleanup(p.end)
	return p
}

// wire makes the parts of a process.
func (p *process) wire(url string, change func(*console.Options), sinks ...sink.Sink) {
	p.URL, p.Store = url, memstate.New()
	var webhooks http.Handler
	options := console.Options{
		SDKAppID: appID, BaseURL: url, Token: pageToken, Load: p.Store.Load, Now: p.clock.now,
		Sign: func(requestTime string) string { return webhook.Sign(webhookToken, requestTime) },
		Send: func(ctx context.Context, method, query string, body []byte) (int, []byte) {
			r := httptest.NewRequestWithContext(ctx, method, "/?"+query, bytes.NewReader(body))
			w := httptest.NewRecorder()
			webhooks.ServeHTTP(w, r)
			return w.Code, w.Body.Bytes()
		},
		Simulate: func(context.Context, string, func(console.Progress)) error { return nil },
		Presets:  []string{"losses", "storm"},
	}
	if change != nil {
		change(&options)
	}
	p.Console = console.New(options)
	webhooks = receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: appID, Tokens: []secret.String{webhookToken}},
		Store:    p.Store, Sinks: sinks, Observe: p.Observe, Now: p.clock.now, Logger: slog.New(slog.DiscardHandler),
		Budget: time.Minute, // no test here is about time, and a loaded machine may stall
	})
	p.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/console/") {
			p.Handler().ServeHTTP(w, r)
			return
		}
		webhooks.ServeHTTP(w, r)
	})
}

// signed returns a URL for a webhook as Chat would sign it.
func (p *process) signed(command string) string {
	now := strconv.FormatInt(p.clock.now().Unix(), 10)
	return p.URL + "/?SdkAppid=" + appID + "&CallbackCommand=" + command + "&RequestTime=" + now + "&Sign=" + webhook.Sign(webhookToken, now)
}

// post sends a signed webhook over the network, as curl would.
func (p *process) post(t testing.TB, command, body string) {
	t.Helper()
	response, err := http.Post(p.signed(command), "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(reply), `"OK"`)
}

// set sends a set of one key under a version of message test/10.
func (p *process) set(t testing.TB, version int64, key, value string) {
	t.Helper()
	p.post(t, msgext.GroupCommand, setBody(version, key, value))
}

func setBody(version int64, key, value string) string {
	seq := strconv.FormatInt(version, 10)
	return `{"CallbackCommand":"` + msgext.GroupCommand + `","GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":` +
		strconv.Quote(key) + `,"Value":` + strconv.Quote(value) + `,"Seq":` + seq + `}],"Seq":` + seq + `}`
}

var message = msgext.Message{SDKAppID: appID, GroupID: "test", MsgSeq: 10}

// repair stores a read of the message as repair does: it merges the read, raises the floor and
// tells the console.
func (p *process) repair(t testing.TB, read msgext.Snapshot) {
	t.Helper()
	ctx := context.Background()
	record, err := p.Store.Load(ctx, message)
	if !errors.Is(err, state.ErrNotFound) {
		require.NoError(t, err)
	}
	read.After = record.State.ReadNumber()
	read.Number = max(read.After+1, p.clock.now().UnixMilli())
	require.NoError(t, p.Store.Merge(ctx, message, read))
	record, err = p.Store.Load(ctx, message)
	require.NoError(t, err)
	require.NoError(t, p.Store.SaveCheck(ctx, message, state.Outcome{
		Revision: record.Check.Revision, DroppedAt: record.Check.DroppedAt, Floor: read.Latest,
	}))
	p.Repaired(message, read, p.clock.now())
}

// act requests a change as the page does.
func (p *process) act(t testing.TB, path string) *http.Response {
	t.Helper()
	return p.ask(t, path, "{}")
}

// ask is act with a body.
func (p *process) ask(t testing.TB, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.URL+"/console/"+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set(console.TokenHeader, pageToken)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Less(t, response.StatusCode, 300)
	return response
}
