package functions_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/relaytest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
)

// decision is what Chat does after a reply to a before-command (1047/60803,
// trtc.io/document/34354).
type decision string

const (
	delivered decision = "delivered"
	denied    decision = "denied"
	setting   decision = "as the console says for a failed webhook"
)

func decide(reply relaytest.Reply, took time.Duration) decision {
	var answer struct{ ErrorCode *int }
	switch {
	case took > chatTimeout, reply.Status != http.StatusOK, json.Unmarshal([]byte(reply.Body), &answer) != nil, answer.ErrorCode == nil:
		return setting
	case *answer.ErrorCode != 0:
		return denied
	}
	return delivered
}

const spam, plain = `{"Text":"spam"}`, `{"Text":"hello"}`

// moderate refuses spam.
func moderate(request *http.Request) relaytest.Answer {
	if request.ContentLength == int64(len(spam)) {
		return relaytest.Answer{Wire: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 59\r\n\r\n" +
			`{"ActionStatus":"OK","ErrorInfo":"spam","ErrorCode":120001}`}
	}
	return relaytest.OK
}

// An app that moderates messages does so through us. When its backend is down or slow, Chat does
// what its console says, or lets the message through where our setting says so. We never refuse a
// message ourselves, and no user waits longer than Chat waits.
func TestRelay_NobodyIsBlockedByUs(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, onFailure string, start func(map[string]string) way) {
		otherwise := setting
		if onFailure == "allow" {
			otherwise = delivered
		}
		backend := relaytest.Start(t)
		variables := variablesFor(backend.URL)
		variables["MSGEXT_RELAY_ON_FAILURE"] = onFailure
		// So that a loaded machine stays within Chat's 2 s.
		variables["MSGEXT_RELAY_BUDGET"] = "1s"
		way := start(variables)
		ask := func(body string, limit time.Duration) decision {
			var reply relaytest.Reply
			took := inTime(limit, func() { reply = way.send(t, relayed(relaytest.Before, body)) })
			assert.Less(t, took, chatTimeout, way.name)
			return decide(reply, took)
		}
		backend.AnswerBy(moderate)
		assert.Equal(t, delivered, ask(plain, promptly), "%s: moderation on", way.name)
		assert.Equal(t, denied, ask(spam, promptly), "%s: moderation on", way.name)

		backend.Answer(relaytest.Answer{End: relaytest.Reset})
		for range 3 {
			assert.Equal(t, otherwise, ask(plain, chatTimeout), "%s: backend down", way.name)
		}
		backend.Answer(relaytest.Answer{Wire: relaytest.OK.Wire, Trickle: time.Second, End: relaytest.Close})
		assert.Equal(t, otherwise, ask(spam, chatTimeout), "%s: backend slow", way.name)

		backend.AnswerBy(moderate)
		assert.Equal(t, denied, ask(spam, promptly), "%s: moderation on again", way.name)
	})
}

// Where our configuration is broken, a function on SCF gives the reply of its setting, and a Lambda
// function none: its gateway then answers with 500 or above.
func TestRelay_ABrokenConfigurationBlocksNobody(t *testing.T) {
	for onFailure, otherwise := range map[string]decision{"pass": setting, "allow": delivered} {
		broken := variablesFor("http://127.0.0.1:1")
		broken["MSGEXT_RELAY_ON_FAILURE"], broken["MSGEXT_TYPO"] = onFailure, "1"
		for _, way := range ways(t, "scf", broken) {
			reply := way.send(t, relayed(relaytest.Before, plain))
			assert.Equal(t, otherwise, decide(reply, 0), "%s", way.name)
		}
		status, _, stderr := processtest.Exit(t, append(pairs(broken), "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"), binaries.Build(t, "functions/aws/webhook"))
		assert.Equal(t, 2, status)
		assert.Contains(t, stderr, "MSGEXT_TYPO")
	}
}

// An app without a token can use the relay too, and the start logs who can then reach the backend.
func TestRelay_Unsigned(t *testing.T) {
	backend := relaytest.Start(t)
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{
		"MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_STATE=memory:", "MSGEXT_ALLOW_UNSIGNED=true", "MSGEXT_RELAY=" + backend.URL,
	})
	request := sample.Request{Method: http.MethodPost, Path: "/", Body: plain, RawQuery: "SdkAppid=" + vectortest.SDKAppID + "&CallbackCommand=" + relaytest.Before}
	assert.Equal(t, relaytest.OKBody, overHTTP(t, local.URL, request).Body)
	assert.Contains(t, local.Greeting(), "can reach the backend")
}

// sandboxes are Lambda functions, as many as the reserved concurrency allows. An event is throttled
// when none is free.
type sandboxes struct {
	free chan *processtest.Lambda

	mu                       sync.Mutex
	own, accepted, throttled int
	slowest                  time.Duration
}

func startSandboxes(t *testing.T, concurrency int, variables map[string]string) *sandboxes {
	t.Helper()
	s := &sandboxes{free: make(chan *processtest.Lambda, concurrency)}
	for range concurrency {
		function := processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 5*time.Second, pairs(variables))
		// Once it answers, it has started.
		_, err := function.Invoke(sample.AWSEvents(sample.Request{Method: http.MethodPost})[0].Payload)
		require.NoError(t, err)
		s.free <- function
	}
	return s
}

// take serves a request if a sandbox is free. It counts the request if it is a webhook for us.
func (s *sandboxes) take(t *testing.T, request sample.Request, own bool) {
	began := time.Now()
	var body string
	var err error
	throttled := false
	select {
	case function := <-s.free:
		var response []byte
		response, err = function.Invoke(sample.AWSEvents(request)[0].Payload)
		s.free <- function
		if err == nil {
			_, body, err = sample.Unwrap(response)
		}
	default:
		throttled = true
	}
	took := time.Since(began)
	assert.NoError(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !own {
		return
	}
	s.own++
	switch {
	case throttled:
		s.throttled++
	case strings.Contains(body, `"ActionStatus":"OK"`) && took < chatTimeout:
		s.accepted++
	}
	s.slowest = max(s.slowest, took)
}

// short reports whether one of our webhooks was throttled.
func (s *sandboxes) short() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.throttled > 0
}

// Our own webhooks are accepted in time while the backend accepts requests and never answers. The
// concurrency is that of docs/relay.md: rate times latency, and half as much again. The test also
// shows that too little concurrency fails.
func TestRelay_OursAreAcceptedWhileTheBackendIsABlackHole(t *testing.T) {
	const (
		rounds = 60
		apart  = 100 * time.Millisecond
		enough = 9 // 2 x 1.5 + 6 x 0.5 = 6, and half as much again
		tooFew = 2
	)
	// In five rounds, which are half a second, one before-command and three after-commands. The
	// function holds the first for 1.5 s and the others for 0.5 s. They are spread evenly, so that
	// what is spare stays spare for a machine that stalls.
	commands := [5]string{relaytest.Before, relaytest.After, relaytest.After, "", relaytest.After}
	backend := relaytest.Start(t)
	backend.Answer(relaytest.Answer{End: relaytest.Hang})
	run := func(t *testing.T, concurrency int, over func(*sandboxes) bool) *sandboxes {
		s := startSandboxes(t, concurrency, variablesFor(backend.URL))
		var sending sync.WaitGroup
		ticker := time.NewTicker(apart)
		defer ticker.Stop()
		for i := 0; i < rounds && !over(s); i++ {
			sending.Go(func() { s.take(t, ownChange(int64(i+1)), true) })
			if command := commands[i%len(commands)]; command != "" {
				sending.Go(func() { s.take(t, relayed(command, plain), false) })
			}
			<-ticker.C
		}
		sending.Wait()
		return s
	}
	// A machine that stalls uses up what is spare, so one of several runs must be without a loss.
	var s *sandboxes
	for range 3 {
		if s = run(t, enough, func(*sandboxes) bool { return false }); s.accepted == rounds {
			break
		}
	}
	assert.Equal(t, rounds, s.own)
	assert.Equal(t, rounds, s.accepted, "throttled %d, the slowest took %s", s.throttled, s.slowest)
	assert.True(t, run(t, tooFew, (*sandboxes).short).short(), "the test can tell")
	t.Logf("%d of ours accepted, the slowest after %s; the backend saw %d requests", s.accepted, s.slowest, len(backend.Requests()))
}

// ownChange is a webhook of a change of extensions, sent now.
func ownChange(version int64) sample.Request {
	body, _ := json.Marshal(map[string]any{ // strings and numbers can always be encoded
		"CallbackCommand": msgext.GroupCommand, "GroupId": "g", "MsgSeq": 1, "OperateType": 1, "Seq": version,
		"ExtensionList": []any{map[string]any{"Key": "k", "Value": "v", "Seq": version}},
	})
	return relayed(msgext.GroupCommand, string(body))
}
