// Package examples_test starts each consumer as a user would, and sends it events through the
// product's own sink.
package examples_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/sink/httpsink"
)

const (
	webhookSecret = "whsec_bmV3IHNlY3JldCBvZiB0ZXN0cyAyMDI2"
	patience      = 2 * time.Minute // for a process to start, on a loaded machine
)

// example is a consumer in a folder here. It is copied to another folder as a user would do, once
// for all tests.
type example struct {
	folder  string
	on      string // the database that it uses, where it runs with two
	tools   []string
	files   []string
	prepare []string // command that is run there once
	main    bool     // a main package, which is built and not run by a command
	run     []string
	args    func(t *testing.T) []string // further arguments, for one test
}

var examples = []example{
	{folder: "consumer-python", tools: []string{"python3"}, files: []string{"consumer.py"}, run: []string{"python3", "consumer.py"}},
	{folder: "consumer-node", tools: []string{"node", "npm"}, files: []string{"consumer.js", "message.js", "package.json", "package-lock.json"},
		prepare: []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"}, run: []string{"node", "consumer.js"}},
	{folder: "consumer-go", main: true, run: []string{"./consumer-go"}},
	{folder: "consumer-sql", on: " on PostgreSQL", main: true, run: []string{"./consumer-sql"}, args: postgres},
	{folder: "consumer-sql", on: " on MariaDB", main: true, run: []string{"./consumer-sql"}, args: mariadb},
}

// each runs a test with every example. They wait more than they compute, and do so side by side.
func each(t *testing.T, test func(t *testing.T, c *consumer)) {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for _, e := range examples {
		run := func(t *testing.T) {
			if e.args != nil {
				e.run = append(slices.Clone(e.run), e.args(t)...)
			}
			for _, tool := range e.tools {
				if _, err := exec.LookPath(tool); err != nil {
					if os.Getenv("CI") == "true" {
						t.Fatalf("%s is missing: CI must run this test", tool)
					}
					t.Skipf("SKIPPED, %s is missing", tool)
				}
			}
			c := &consumer{folder: e.copied(t), state: filepath.Join(t.TempDir(), "state"), run: e.run}
			c.start(t)
			t.Cleanup(func() { c.kill(t) })
			test(t, c)
		}
		waiting.Go(func() { t.Run(e.folder+e.on, run) })
	}
}

// copies is the folder with the copies of the examples. copying is locked while one is made.
var (
	copies  string
	copying sync.Mutex
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if copies, err = os.MkdirTemp("", "msgext-examples-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		// An error does no harm, because the system clears its temporary folder as well.
		defer func() { _ = os.RemoveAll(copies) }()
		return m.Run()
	}())
}

// copied returns the folder with the copy, ready to run.
func (e example) copied(t *testing.T) string {
	t.Helper()
	copying.Lock()
	defer copying.Unlock()
	folder := filepath.Join(copies, e.folder)
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	part := folder + ".part"
	require.NoError(t, os.MkdirAll(part, 0o755))
	for _, file := range e.files {
		content, err := os.ReadFile(filepath.Join(e.folder, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(part, file), content, 0o644))
	}
	prepare := exec.Command("true")
	switch {
	case e.main:
		prepare = exec.Command("go", "build", "-o", part, "./"+e.folder)
	case e.prepare != nil:
		prepare = exec.Command(e.prepare[0], e.prepare[1:]...)
		prepare.Dir = part
	}
	out, err := prepare.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.Rename(part, folder))
	return folder
}

// consumer is a running example. It listens on another port each time it starts.
type consumer struct {
	folder, state string
	run           []string
	command       *exec.Cmd
	stderr        output
	url           atomic.Pointer[neturl.URL] // nil while it is down
}

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (c *consumer) start(t *testing.T) {
	t.Helper()
	program := c.run[0]
	if strings.HasPrefix(program, "./") {
		program = filepath.Join(c.folder, program)
	}
	c.command = exec.Command(program, c.run[1:]...)
	c.command.Dir = c.folder
	c.command.Env = append(os.Environ(), "PORT=0", "MSGEXT_HTTP_SECRET="+webhookSecret, "STATE_FILE="+c.state, "STATE_FOLDER="+c.state)
	c.command.Stderr = &c.stderr
	stdout, err := c.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.command.Start())
	greeting := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n') // "" if there is none
		greeting <- line
	}()
	select {
	case line := <-greeting:
		_, text, found := strings.Cut(strings.TrimSpace(line), "consumer: ")
		require.True(t, found, "it says %q and %s", line, c.stderr.String())
		url, err := neturl.Parse(text)
		require.NoError(t, err)
		c.url.Store(url)
	case <-time.After(patience):
		require.FailNow(t, "the consumer does not start", c.stderr.String())
	}
}

// kill ends the process without a warning.
func (c *consumer) kill(t *testing.T) {
	t.Helper()
	if c.command.ProcessState != nil {
		return
	}
	c.url.Store(nil)
	require.NoError(t, c.command.Process.Kill())
	_ = c.command.Wait() // the error only repeats the signal
}

// ServeHTTP passes a request on to the consumer. So its address stays when it starts again:
// meanwhile another process may take the port that it had.
func (c *consumer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	url := c.url.Load()
	if url == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	httputil.NewSingleHostReverseProxy(url).ServeHTTP(w, r)
}

func (c *consumer) sink(t *testing.T) *httpsink.Sink {
	t.Helper()
	front := httptest.NewServer(c)
	t.Cleanup(front.Close)
	s, err := httpsink.New(httpsink.Options{URL: secret.String(front.URL + "/events"), Secrets: []secret.String{webhookSecret}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// shows asks the consumer for the state of all messages.
func (c *consumer) shows(t *testing.T) map[string][]msgext.KeyValue {
	t.Helper()
	response, err := http.Get(c.url.Load().String())
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	shown, err := consumertest.Shown(body)
	require.NoError(t, err)
	return shown
}

// Every consumer must pass each fixture: its events are delivered one after the other, and the
// consumer is killed in the middle.
func TestConsumers_EndInTheStateOfEachFixture(t *testing.T) {
	for _, fixture := range consumertest.Fixtures(t) {
		t.Run(fixture.Name, func(t *testing.T) {
			each(t, func(t *testing.T, c *consumer) {
				sink := c.sink(t)
				for i, line := range fixture.Events {
					if i == len(fixture.Events)/2 {
						c.kill(t)
						c.start(t)
					}
					event, err := cloudevent.Decode(line)
					require.NoError(t, err)
					require.NoError(t, sink.Send(t.Context(), event), "%d: %s", i, c.stderr.String())
				}
				assert.Equal(t, fixture.Want, c.shows(t))
			})
		})
	}
}

// Chat, the receiver and repair run with the live consumer, and all faults happen before the
// receiver. The consumer is killed in the middle, is down for a while, and comes back.
func TestConsumers_ShowWhatChatHas(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			each(t, func(t *testing.T, c *consumer) {
				faults := chatsim.Faults{Seed: seed, Drop: 0.15, Duplicate: 0.1, Reorder: 0.1, Delay: 0.2, TimeOut: 0.05, NewerSeq: 0.1, Forge: 0.15, Garble: 0.03}
				truth := consumertest.Simulation{
					Seed: 200 + seed, Changes: 60, ReadAll: true, Gone: seed == 1, Faults: faults, Sink: c.sink(t), Budget: 300 * time.Millisecond,
					At: func(number, of int) {
						switch number {
						case of / 2:
							c.kill(t)
						case of/2 + 8:
							c.start(t)
						}
					},
				}.Play(t)
				assert.Equal(t, consumertest.Sorted(truth), c.shows(t))
			})
		})
	}
}

// A request that is not signed with the secret, is not fresh, or is not an event changes nothing,
// and the consumer goes on.
func TestConsumers_Refuse(t *testing.T) {
	fixture := consumertest.Fixtures(t)[0]
	forwarded, err := cloudevent.NewForwarded("1400000000", "Group.CallbackAfterSendMsg", []byte(`{"a":1}`), time.Now())
	require.NoError(t, err)
	tests := []struct {
		name   string
		body   []byte
		secret string
		at     time.Time
		want   int
	}{
		{name: "unsigned", body: fixture.Events[0], want: http.StatusUnauthorized},
		{name: "another secret", body: fixture.Events[0], secret: "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGVzdHMuLi4u", at: time.Now(), want: http.StatusUnauthorized},
		{name: "too old", body: fixture.Events[0], secret: webhookSecret, at: time.Now().Add(-time.Hour), want: http.StatusUnauthorized},
		{name: "no JSON", body: []byte("{"), secret: webhookSecret, at: time.Now(), want: http.StatusBadRequest},
		{name: "no event", body: []byte(`{"type":"com.tencent.chat.group.msgextension.set","partitionkey":"m","data":[]}`), secret: webhookSecret, at: time.Now(), want: http.StatusBadRequest},
		{name: "another command", body: forwarded.JSON(), secret: webhookSecret, at: time.Now(), want: http.StatusOK},
	}
	each(t, func(t *testing.T, c *consumer) {
		for _, test := range tests {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url.Load().String(), bytes.NewReader(test.body))
			require.NoError(t, err)
			if test.secret != "" {
				signer, err := standardwebhooks.NewWebhook(test.secret)
				require.NoError(t, err)
				signature, err := signer.Sign("id", test.at, test.body)
				require.NoError(t, err)
				request.Header.Set("webhook-id", "id")
				request.Header.Set("webhook-timestamp", fmt.Sprint(test.at.Unix()))
				request.Header.Set("webhook-signature", signature)
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err, test.name)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, test.want, response.StatusCode, test.name)
		}
		assert.Empty(t, c.shows(t))
		assert.Empty(t, c.stderr.String(), "%s", c.stderr.String())
	})
}
