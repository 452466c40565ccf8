package functions_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/relaytest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
)

const fromElsewhere = `{"ActionStatus":"FAIL","ErrorInfo":"not authenticated","ErrorCode":1}`

// MSGEXT_ALLOW_FROM compares the address that each platform itself reports and no client can write,
// through every gateway of every program. Behind an SCF function URL there is no such address, and
// there every webhook is refused.
func TestAddresses(t *testing.T) {
	addresses := sample.LoadAddresses()
	variables := map[string]string{
		"MSGEXT_SDK_APP_ID": vectortest.SDKAppID, "MSGEXT_TOKEN": vectortest.Token.Reveal(), "MSGEXT_SINKS": "stdout:", "MSGEXT_ALLOW_FROM": addresses.Allow,
	}
	lambda := processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, pairs(variables))
	scf := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, variables)
	server := processtest.StartServer(t, binaries.Build(t, "functions/server"), append(pairs(variables), "MSGEXT_STATE=memory:"), "-proxies", "1")
	ways := eventWays(sample.AWSEvents, lambda.Invoke)
	ways = append(ways, way{"server", true, func(t *testing.T, r sample.Request) relaytest.Reply {
		return overHTTP(t, server.URL, r.Proxied())
	}})
	for _, way := range eventWays(sample.SCFEvents, scf.Invoke) {
		way.name = "scf " + way.name
		ways = append(ways, way)
	}
	require.Len(t, ways, 9)
	for _, test := range addresses.Vectors {
		vector := vectortest.Named(t, test.Vector)
		for _, way := range ways {
			if hidden(test.Vector, way.name) && test.Allowed {
				continue
			}
			wantStatus, wantBody := 403, fromElsewhere
			if test.Exempt || test.Allowed && way.name != "scf function-url" {
				wantStatus, wantBody = vector.Want.Status, string(vector.Want.Reply)
			}
			got := way.send(t, sample.Request{
				Method: vector.Request.Method, Path: vector.Request.Path, RawQuery: vector.Query(time.Now()), Body: vector.Request.Body,
				From: test.From, Header: test.Header,
			})
			assert.Equal(t, wantStatus, got.Status, "%s: %s", way.name, test.Name)
			assert.JSONEq(t, wantBody, got.Body, "%s: %s", way.name, test.Name)
		}
	}
	for _, log := range []string{lambda.Log(), scf.Log(), server.Greeting()} {
		assert.Contains(t, log, "foreign address")
		for _, address := range []string{"192.0.2.", "203.0.113.", "198.51.100.", "2001:db8"} {
			assert.NotContains(t, log, address)
		}
	}
	assert.Contains(t, scf.Log(), "x-scf-remote-addr", "why")
}

// A process without a proxy before it compares the peer's address, whatever the header says.
func TestAddresses_OfAPeer(t *testing.T) {
	for allow, want := range map[string]int{"127.0.0.0/8 ::1": 200, "192.0.2.10": 403} {
		for _, program := range []string{"local", "server"} {
			environ := []string{
				"MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_STATE=memory:", "MSGEXT_ALLOW_FROM=" + allow,
			}
			start := processtest.StartLocal
			if program == "server" {
				start = func(t testing.TB, binary string, environ []string, args ...string) *processtest.Local {
					return processtest.StartServer(t, binary, environ, args...).Local
				}
			}
			vector := vectortest.Named(t, "sample-group-set")
			got := overHTTP(t, start(t, binaries.Build(t, "functions/"+program), environ).URL, sample.Request{
				Method: "POST", Path: "/", RawQuery: vector.Query(time.Now()), Body: vector.Request.Body,
				Header: map[string]string{"x-forwarded-for": "192.0.2.10"},
			})
			assert.Equal(t, want, got.Status, "%s, %s", program, allow)
		}
	}
}
