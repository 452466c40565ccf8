package functions_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
)

// A Lambda function with a wrong environment does not start, and its log has everything that is
// wrong.
func TestLambda_RefusesToStartWithEveryProblem(t *testing.T) {
	status, stdout, stderr := processtest.Exit(t, []string{
		"MSGEXT_TOKEN=7f3a", "MSGEXT_STATE=sqlite:x.db", "MSGEXT_TYPO=1", "MSGEXT_CHAT_SECRET_KEY=7f3a",
	}, binaries.Build(t, "functions/aws/webhook"))
	assert.Equal(t, 2, status)
	assert.Empty(t, stdout)
	assert.NotContains(t, stderr, "7f3a")
	for _, problem := range []string{
		"MSGEXT_SDK_APP_ID: missing", "MSGEXT_TYPO: unknown variable", "MSGEXT_CHAT_SECRET_KEY: must not reach a webhook function",
		"MSGEXT_STATE: no driver of this program has this scheme; it has: dynamodb, mysql, postgres, postgresql, redis, rediss",
	} {
		assert.Contains(t, stderr, problem)
	}
	status, _, stderr = processtest.Exit(t, nil, binaries.Build(t, "functions/aws/repair"))
	assert.Equal(t, 2, status)
	assert.Contains(t, stderr, "MSGEXT_CHAT_ENDPOINT: missing")
}

// A setting that a driver would refuse later is refused at the start, together with all other
// problems, in every program that reads its environment when it starts.
func TestPrograms_RefuseToStartWithWhatADriverWouldRefuse(t *testing.T) {
	tests := []struct {
		program string
		args    []string
		wrong   []string // variables
	}{
		{"functions/aws/webhook", nil, []string{"MSGEXT_STATE", "MSGEXT_SINKS", "MSGEXT_HTTP_SECRET", "MSGEXT_KAFKA_SASL"}},
		{"functions/aws/repair", nil, []string{"MSGEXT_STATE", "MSGEXT_SINKS", "MSGEXT_HTTP_SECRET", "MSGEXT_KAFKA_SASL", "MSGEXT_CHAT_ENDPOINT"}},
		{"functions/local", nil, []string{"MSGEXT_STATE", "MSGEXT_SINKS", "MSGEXT_HTTP_SECRET", "MSGEXT_CHAT_ENDPOINT"}},
		{"functions/server", nil, []string{"MSGEXT_STATE", "MSGEXT_SINKS", "MSGEXT_HTTP_SECRET", "MSGEXT_KAFKA_SASL", "MSGEXT_CHAT_ENDPOINT"}},
		{"cmd/msgext", []string{"read", "g", "1"}, []string{"MSGEXT_STATE"}},
		{"cmd/msgext", []string{"schema"}, []string{"MSGEXT_STATE"}},
		{"cmd/msgext", []string{"send", "http://127.0.0.1:1"}, []string{"MSGEXT_PATH"}},
	}
	for _, test := range tests {
		t.Run(strings.Join(append([]string{test.program}, test.args...), " "), func(t *testing.T) {
			environ := []string{
				"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_STATE=redis://:7f3a#ss@h", "MSGEXT_SINKS=https://169.254.169.254/7f3a",
				"MSGEXT_HTTP_SECRET=whsec_!7f3a", "MSGEXT_KAFKA_SASL=PLAIN", "MSGEXT_CHAT_ENDPOINT=7f3a", "MSGEXT_CHAT_ADMIN=a", "MSGEXT_PATH=7f3a",
			}
			if test.program != "functions/aws/webhook" {
				environ = append(environ, "MSGEXT_CHAT_SECRET_KEY=k")
			}
			status, stdout, stderr := processtest.Exit(t, environ, binaries.Build(t, test.program), test.args...)
			assert.Equal(t, 2, status, stderr)
			assert.Empty(t, stdout)
			assert.NotContains(t, stderr, "7f3a")
			for _, variable := range test.wrong {
				assert.Contains(t, stderr, "\n  "+variable+": ")
			}
		})
	}
}

// On SCF the variables come with the invocation. So the reply is an HTTP one, and the problems are
// in the log. The Chat console and our own commands get an error. No user is blocked.
func TestSCF_IsNotReadyUntilItIsConfigured(t *testing.T) {
	variables := map[string]string{"MSGEXT_TOKEN": "7f3a", "MSGEXT_STATE": "dynamodb://votes", "MSGEXT_SINKS": "stdout: kafka://7f3a/t"}
	function := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 5*time.Second, variables)
	others := 0
	for _, vector := range vectortest.Load(t) {
		request := sample.Request{
			Method: vector.Request.Method, Path: vector.Request.Path, RawQuery: vector.Query(time.Now()), Body: vector.Request.Body,
		}
		wantStatus, wantReply := 503, `{"ActionStatus":"FAIL","ErrorInfo":"not processed, our side failed","ErrorCode":1}`
		switch {
		case strings.HasPrefix(vector.Name, "other-"):
			wantStatus, wantReply = vector.Want.Status, string(vector.Want.Reply)
			others++
		case !strings.HasPrefix(vector.Name, "probe") && !strings.HasPrefix(vector.Name, "sample-"):
			continue
		}
		for _, event := range sample.SCFEvents(request) {
			response, err := function.Invoke(event.Payload)
			require.NoError(t, err)
			status, body, err := sample.Unwrap(response)
			require.NoError(t, err)
			assert.Equal(t, wantStatus, status, "%s, %s", vector.Name, event.Shape)
			assert.JSONEq(t, wantReply, body, "%s, %s", vector.Name, event.Shape)
		}
	}
	assert.NotZero(t, others)
	assert.Contains(t, function.Log(), "MSGEXT_SDK_APP_ID: missing")
	assert.Contains(t, function.Log(), "MSGEXT_SINKS: sink 2: kafkasink: options: a broker is not HOST:PORT")
	assert.Contains(t, function.Log(), "no driver of this program has this scheme; it has: mysql, postgres, postgresql, redis, rediss")
	assert.NotContains(t, function.Log(), "7f3a")
}

// serverless.yml cannot hold rules for values as template.yaml does: the function on SCF has all of
// them.
func TestSCF_RefusesWhatTheTemplateRefuses(t *testing.T) {
	function := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 5*time.Second, map[string]string{
		"MSGEXT_SDK_APP_ID": `"1400000000"`, "MSGEXT_TOKEN": "7f3a,7f3b", "MSGEXT_PATH": "/console/7f3a", "MSGEXT_REPLY_BUDGET": "1901ms",
		"MSGEXT_STATE": "{{resolve:secretsmanager:7f3a}}", "MSGEXT_SINKS": "https://a.example/7f3a,https://b.example/", "MSGEXT_MAX_SKEW": "'60s'",
		"MSGEXT_HTTP_SECRET": `{"secret": "7f3a"}`, "MSGEXT_RELAY": "${env:RELAY_7f3a}", "MSGEXT_ON_FAILURE": "7f3a",
	})
	_, err := function.Invoke(sample.SCFEvents(sample.Request{Method: http.MethodPost, Path: "/"})[0].Payload)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return strings.Contains(function.Log(), "MSGEXT_STATE: ") && strings.HasSuffix(function.Log(), "\n")
	}, time.Minute, time.Millisecond)
	for _, problem := range []string{
		"MSGEXT_SDK_APP_ID: stands in quotes", "MSGEXT_TOKEN: ", "MSGEXT_PATH: ", "MSGEXT_REPLY_BUDGET: ", "MSGEXT_SINKS: ", "MSGEXT_ON_FAILURE: ",
		"MSGEXT_STATE: looks like a {{resolve:...}} that nothing has resolved", "MSGEXT_MAX_SKEW: stands in quotes",
		"MSGEXT_HTTP_SECRET: looks like JSON", "MSGEXT_RELAY: looks like a ${...}",
	} {
		assert.Contains(t, function.Log(), problem)
	}
	assert.NotContains(t, function.Log(), "7f3")
}

// A process that the platform starts for a request counts the start against the backend's time,
// because the request has waited for it. A process that runs before its requests does not.
func TestPrograms_KnowWhenTheyWereStarted(t *testing.T) {
	type program struct {
		log  func() string
		send func(sample.Request)
	}
	variables := map[string]string{"MSGEXT_SDK_APP_ID": vectortest.SDKAppID, "MSGEXT_TOKEN": vectortest.Token.Reveal(), "MSGEXT_STATE": "redis://127.0.0.1:1"}
	events := func(invoke func([]byte) ([]byte, error), shapes func(sample.Request) []sample.Event) func(sample.Request) {
		return func(request sample.Request) {
			_, err := invoke(shapes(request)[0].Payload)
			require.NoError(t, err)
		}
	}
	overHTTP := func(l *processtest.Local) program {
		return program{l.Greeting, func(r sample.Request) {
			processtest.Exchange(t, r.Method, l.URL+r.Path+"?"+r.RawQuery, r.Body)
		}}
	}
	memory := append(pairs(variables), "MSGEXT_STATE=memory:")
	tests := []struct {
		name  string
		start func() program
		knows bool
	}{
		{"aws/webhook", func() program {
			f := processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, pairs(variables))
			return program{f.Log, events(f.Invoke, sample.AWSEvents)}
		}, true},
		{"scf/webhook", func() program {
			f := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, variables)
			return program{f.Log, events(f.Invoke, sample.SCFEvents)}
		}, true},
		{"server on demand", func() program {
			return overHTTP(processtest.StartServer(t, binaries.Build(t, "functions/server"), memory, "-on-demand").Local)
		}, true},
		{"server", func() program {
			return overHTTP(processtest.StartServer(t, binaries.Build(t, "functions/server"), memory).Local)
		}, false},
		{"local", func() program {
			return overHTTP(processtest.StartLocal(t, binaries.Build(t, "functions/local"), memory))
		}, false},
	}
	start := regexp.MustCompile(`"start_ms":([0-9.]+)|start_ms=`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			began := time.Now()
			p := test.start()
			up := time.Now()
			// Long enough to show a program that counts from its first request.
			<-time.After(100 * time.Millisecond)
			sent := time.Now()
			// The console's test of the URL.
			p.send(sample.Request{Method: http.MethodPost, Path: "/"})
			replied := time.Now()
			require.Eventually(t, func() bool { return strings.Contains(p.log(), "probe") }, time.Minute, time.Millisecond)
			match := start.FindStringSubmatch(p.log())
			if !test.knows {
				assert.Nil(t, match)
				return
			}
			require.NotNil(t, match, p.log())
			got, err := strconv.ParseFloat(match[1], 64)
			require.NoError(t, err)
			assert.LessOrEqual(t, got, float64(replied.Sub(began).Microseconds())/1000)
			// Only the Lambda function does not say when it is ready.
			if test.name != "aws/webhook" {
				assert.GreaterOrEqual(t, got, float64(sent.Sub(up).Microseconds())/1000)
			}
		})
	}
}
