package main

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Each vector's effect is in the store when the reply arrives, with every binary and a real
// database. The message that a refused body names is doubted and due. Any other refused body leaves
// nothing. A delivered body is applied, whatever in it was tolerated.
func TestDoubt_ByEveryBinary(t *testing.T) {
	runs := []struct {
		name, location string
		start          func(t *testing.T, variables map[string]string) exchange
	}{
		{"local sqlite", "sqlite:" + t.TempDir() + "/state.db", overHTTP("functions/local")},
		{"server sqlite", "sqlite:" + t.TempDir() + "/state.db", overHTTP("functions/server")},
		{"lambda dynamodb", dynamoTable(t), asLambda},
		{"lambda redis", redisDatabase(t), asLambda},
		{"scf postgres", postgresDatabase(t), asSCF},
		{"server mysql", mysqlDatabase(t), overHTTP("functions/server")},
	}
	for _, run := range runs {
		t.Run(run.name, func(t *testing.T) {
			// An app of its own, because databases are shared.
			app := strconv.Itoa(1_500_000_000 + rand.IntN(90_000_000))
			exchange := run.start(t, map[string]string{"MSGEXT_SDK_APP_ID": app, "MSGEXT_TOKEN": vectortest.Token.Reveal(), "MSGEXT_STATE": run.location, "MSGEXT_SINKS": "stdout:"})
			store := openStore(t, run.location)
			kept := func() (doubted, applied []string) {
				for _, message := range []msgext.Message{{GroupID: "g", MsgSeq: 1}, {GroupID: "test", MsgSeq: 10}} {
					message.SDKAppID = app
					record, err := store.Load(t.Context(), message)
					if errors.Is(err, state.ErrNotFound) {
						continue
					}
					require.NoError(t, err)
					require.NoError(t, store.Forget(t.Context(), message))
					if record.Check.Doubted == 0 {
						assert.NotZero(t, record.State.Latest)
						applied = append(applied, message.Path())
						continue
					}
					assert.False(t, record.Check.Due.IsZero())
					assert.Equal(t, msgext.State{}, record.State, "nothing else of the body is kept")
					doubted = append(doubted, message.Path())
				}
				return doubted, applied
			}
			doubts, tolerated := 0, 0
			for _, vector := range vectortest.Load(t) {
				lenient := strings.HasPrefix(vector.Name, "lenient-")
				if vector.Want.Reason != "body breaks the contract" && !lenient {
					continue
				}
				if lenient {
					tolerated++
				}
				var want []string
				if vector.Want.Doubts != "" {
					want = []string{strings.Replace(vector.Want.Doubts, vectortest.SDKAppID, app, 1)}
					doubts++
				}
				request := sample.Request{Method: http.MethodPost, Path: "/", RawQuery: vector.Vector.Query(app, vectortest.Token, time.Now()), Body: vector.Request.Body}
				exchange(t, request, func(shape, reply string) {
					assert.JSONEq(t, string(vector.Want.Reply), reply, "%s, %s", vector.Name, shape)
					doubted, applied := kept()
					assert.Equal(t, want, doubted, "%s, %s", vector.Name, shape)
					assert.Equal(t, lenient, len(applied) == 1, "%s, %s: %s", vector.Name, shape, applied)
				})
			}
			assert.Greater(t, doubts, 20)
			assert.Greater(t, tolerated, 9)
		})
	}
}

// exchange sends a request in every form, and passes each reply to look before the next one is
// sent.
type exchange func(t *testing.T, request sample.Request, look func(shape, reply string))

// answered sends a request until the reply is not that the database took too long, as it may on a
// loaded machine. Chat's webhooks may come twice, so that it changes nothing.
func answered(t *testing.T, send func() string) (reply string) {
	t.Helper()
	for range 10 {
		if reply = send(); !strings.Contains(reply, "our side failed") {
			break
		}
	}
	return reply
}

func overHTTP(program string) func(t *testing.T, variables map[string]string) exchange {
	return func(t *testing.T, variables map[string]string) exchange {
		start := processtest.StartLocal
		if program == "functions/server" {
			start = func(t testing.TB, binary string, environ []string, args ...string) *processtest.Local {
				return processtest.StartServer(t, binary, environ, args...).Local
			}
		}
		process := start(t, binaries.Build(t, program), environ(variables))
		return func(t *testing.T, request sample.Request, look func(shape, reply string)) {
			look("http", answered(t, func() string {
				_, reply := processtest.Exchange(t, request.Method, process.URL+request.Path+"?"+request.RawQuery, request.Body)
				return reply
			}))
		}
	}
}

func asLambda(t *testing.T, variables map[string]string) exchange {
	return invoking(processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, environ(variables)).Invoke, sample.AWSEvents)
}

func asSCF(t *testing.T, variables map[string]string) exchange {
	return invoking(processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, variables).Invoke, sample.SCFEvents)
}

func invoking(invoke func([]byte) ([]byte, error), shapes func(sample.Request) []sample.Event) exchange {
	return func(t *testing.T, request sample.Request, look func(shape, reply string)) {
		for _, event := range shapes(request) {
			look(event.Shape, answered(t, func() string {
				response, err := invoke(event.Payload)
				require.NoError(t, err, event.Shape)
				_, reply, err := sample.Unwrap(response)
				require.NoError(t, err, event.Shape)
				return reply
			}))
		}
	}
}
