package scf_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
	"msgext/internal/peertest"
	"msgext/internal/processtest"
	"msgext/internal/vectortest"
)

// requests are the API requests that a deployment of one serverless.yml would send
// (testdata/requests.js).
type requests struct {
	Template bool // whether the folders below it would be deployed instead
	Instance struct{ App, Stage, Component, Name string }
	Source   string // the folder with the function's code
	Region   string
	Function struct {
		FunctionName, Type, Runtime, Handler string
		Timeout, MemorySize                  int
		Environment                          struct{ Variables []variable }
		VpcConfig                            map[string]string
	}
	Triggers []json.RawMessage
}

type variable struct{ Key, Value string }

// The folders that scripts/deploy-scf deploys.
const webhook, apigateway, repair, read, readByCAM, web = "../..", "apigateway", "repair", "read", "read/cam", "web"

// requestsOf loads a folder's serverless.yml in an environment and returns the requests that the
// vendor's tools make of it.
func requestsOf(t *testing.T, folder string, environ ...string) requests {
	t.Helper()
	command := exec.Command("node", "testdata/requests.js", folder)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "NODE_PATH=" + peertest.Address(t, peertest.Serverless)}, environ...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	var r requests
	require.NoError(t, json.Unmarshal(out, &r))
	return r
}

func TestServerless_RequestsWhatTheFunctionsNeed(t *testing.T) {
	tests := []struct {
		folder   string
		name     string
		usedBy   config.Function
		timeout  int // seconds
		triggers []string
	}{
		{webhook, "msgext-webhook", config.Webhook, 5, []string{`{"Action":"CreateTrigger","FunctionName":"msgext-webhook-test","Type":"http","Qualifier":"$DEFAULT",
			"TriggerName":"url-trigger","TriggerDesc":"{\"AuthType\":\"NONE\",\"NetConfig\":{\"EnableIntranet\":false,\"EnableExtranet\":true}}","Enable":"OPEN"}`}},
		{repair, "msgext-repair", config.Repair, 60, []string{`{"Action":"CreateTrigger","FunctionName":"msgext-repair-test","Type":"timer","Qualifier":"$DEFAULT",
			"TriggerName":"every-minute","TriggerDesc":"0 */1 * * * * *","Enable":"OPEN"}`}},
		{read, "msgext-read", config.Read, 5, []string{`{"Action":"CreateTrigger","FunctionName":"msgext-read-test","Type":"http","Qualifier":"$DEFAULT",
			"TriggerName":"url-trigger","TriggerDesc":"{\"AuthType\":\"NONE\",\"NetConfig\":{\"EnableIntranet\":false,\"EnableExtranet\":true}}","Enable":"OPEN"}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := requestsOf(t, test.folder, everything()...)
			assert.False(t, got.Template)
			assert.Equal(t, "msgext/test/scf/"+test.name, strings.Join([]string{got.Instance.App, got.Instance.Stage, got.Instance.Component, got.Instance.Name}, "/"))
			assert.Equal(t, "ap-singapore", got.Region)
			assert.Equal(t, test.name+"-test", got.Function.FunctionName)
			assert.Equal(t, "Event", got.Function.Type, "its events are what pkg/gateway/scfgw reads")
			assert.Equal(t, "Go1", got.Function.Runtime)
			assert.Equal(t, test.timeout, got.Function.Timeout)
			assert.Equal(t, map[string]string{"VpcId": "vpc-1", "SubnetId": "subnet-1"}, got.Function.VpcConfig)

			var want []variable
			for _, v := range config.Variables() {
				switch {
				case v.Name == "MSGEXT_READ_AUTH" && test.usedBy == config.Read:
					want = append(want, variable{v.Name, "tokens"}) // set in the file itself
				case v.UsedBy&test.usedBy != 0:
					want = append(want, variable{v.Name, "value of " + v.Name})
				}
			}
			assert.ElementsMatch(t, want, got.Function.Environment.Variables)

			require.Len(t, got.Triggers, len(test.triggers))
			for i, trigger := range test.triggers {
				assert.JSONEq(t, trigger, string(got.Triggers[i]))
			}
		})
	}
}

// everything is an environment with every variable set.
func everything() []string {
	environ := []string{"STAGE=test", "TENCENT_REGION=ap-singapore", "TENCENT_VPC_ID=vpc-1", "TENCENT_SUBNET_ID=subnet-1", "TENCENT_APIGW_SERVICE=service-1"}
	for _, v := range config.Variables() {
		environ = append(environ, v.Name+"=value of "+v.Name)
	}
	return environ
}

// The web function has the same settings as the webhook function. The platform sends it HTTP, and
// scf_bootstrap starts it.
func TestServerless_WebFunction(t *testing.T) {
	got, original := requestsOf(t, web, everything()...), requestsOf(t, webhook, everything()...)
	assert.False(t, got.Template)
	assert.Equal(t, "msgext-web", got.Instance.Name)
	assert.Equal(t, "msgext-web-test", got.Function.FunctionName, "a function cannot change its type")
	assert.Equal(t, "HTTP", got.Function.Type)
	assert.Empty(t, got.Function.Handler)
	assert.Equal(t, original.Instance.Component, got.Instance.Component)
	assert.Equal(t, original.Region, got.Region)
	assert.ElementsMatch(t, append(original.Function.Environment.Variables, variable{"MSGEXT_READ_TOKENS", "value of MSGEXT_READ_TOKENS"}), got.Function.Environment.Variables)
	require.Len(t, got.Triggers, 1)
	assert.JSONEq(t, strings.Replace(string(original.Triggers[0]), "msgext-webhook-test", "msgext-web-test", 1), string(got.Triggers[0]))
	got.Function.FunctionName, got.Function.Type, got.Function.Handler, got.Function.Environment = original.Function.FunctionName, original.Function.Type, original.Function.Handler, original.Function.Environment
	assert.Equal(t, original.Function, got.Function)
}

// A variable that is not set must not reach the function as the text "undefined".
func TestServerless_LeavesOutWhatIsNotSet(t *testing.T) {
	got := requestsOf(t, webhook, "STAGE=test", "TENCENT_REGION=ap-singapore", "MSGEXT_TOKEN=old new")
	assert.Equal(t, []variable{{"MSGEXT_TOKEN", "old new"}}, got.Function.Environment.Variables)
	assert.Empty(t, got.Function.VpcConfig)
}

// Headers for the relay's backend are one a line, and reach the function unchanged.
func TestServerless_SeveralLines(t *testing.T) {
	const headers = "Authorization: Bearer a#b\nX-Key: {\"c\"}"
	got := requestsOf(t, webhook, "STAGE=test", "TENCENT_REGION=ap-singapore", "MSGEXT_RELAY_HEADERS="+headers)
	assert.Equal(t, []variable{{"MSGEXT_RELAY_HEADERS", headers}}, got.Function.Environment.Variables)
}

// The handler names the binary that scripts/build packs as the only file of the function's code.
func TestServerless_HandlerIsTheBinary(t *testing.T) {
	_ = peertest.Address(t, peertest.Serverless) // asked first, because the builds take long
	dist := t.TempDir()
	out, err := exec.Command("../../scripts/build", dist).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, folder := range []string{webhook, apigateway, repair, read, readByCAM} {
		got := requestsOf(t, folder, "STAGE=test", "TENCENT_REGION=ap-singapore")
		source := filepath.Base(got.Source)
		assert.Equal(t, filepath.Join(webhook, "dist", source), filepath.Join(folder, got.Source), "from the folder of serverless.yml")
		entries, err := os.ReadDir(filepath.Join(dist, source))
		require.NoError(t, err)
		require.Len(t, entries, 1, "the framework packs the whole folder")
		assert.Equal(t, got.Function.Handler, entries[0].Name())
		info, err := entries[0].Info()
		require.NoError(t, err)
		assert.NotZero(t, info.Mode()&0o100, "the framework keeps the mode")

		archive, err := zip.OpenReader(filepath.Join(dist, source+".zip"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = archive.Close() })
		require.Len(t, archive.File, 1)
		assert.Equal(t, got.Function.Handler, archive.File[0].Name)
	}
	t.Run("web function", func(t *testing.T) { runsAsAWebFunction(t, dist) })
}

// runsAsAWebFunction unpacks the web function's zip as the platform does and sends it a signed
// webhook. It also checks which files the framework would pack.
func runsAsAWebFunction(t *testing.T, dist string) {
	got := requestsOf(t, web, "STAGE=test", "TENCENT_REGION=ap-singapore")
	assert.Equal(t, filepath.Join(webhook, "dist/scf-web"), filepath.Join(web, got.Source))
	archive, err := zip.OpenReader(filepath.Join(dist, "scf-web.zip"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = archive.Close() })
	folder := t.TempDir()
	var names []string
	for _, file := range archive.File {
		names = append(names, file.Name)
		content, err := file.Open()
		require.NoError(t, err)
		packed, err := io.ReadAll(content)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, file.Name), packed, 0o600))
		require.NoError(t, os.Chmod(filepath.Join(folder, file.Name), file.Mode()))
		beside, err := os.ReadFile(filepath.Join(dist, "scf-web", file.Name))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(packed, beside), "the framework packs the folder: %s", file.Name)
		info, err := os.Stat(filepath.Join(dist, "scf-web", file.Name))
		require.NoError(t, err)
		assert.EqualValues(t, 0o755, info.Mode(), file.Name)
	}
	assert.ElementsMatch(t, []string{"scf_bootstrap", "server"}, names)
	entries, err := os.ReadDir(filepath.Join(dist, "scf-web"))
	require.NoError(t, err)
	assert.Len(t, entries, 2)
	bootstrap, err := os.ReadFile(filepath.Join(folder, "scf_bootstrap"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(bootstrap), "#!/bin/bash\n"))
	assert.Contains(t, string(bootstrap), `-addr "0.0.0.0:${PORT:-9000}"`, "the port is the platform's")

	function := processtest.StartWebFunction(t, folder, []string{
		"MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_STATE=memory:",
	})
	sample := vectortest.Named(t, "sample-group-set")
	status, reply := processtest.Exchange(t, http.MethodPost, sample.URL(function.URL, time.Now()), sample.Request.Body)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, string(sample.Want.Reply), reply)
}

// The variant with an API gateway differs only in that gateway.
func TestServerless_APIGatewayVariant(t *testing.T) {
	got, original := requestsOf(t, apigateway, everything()...), requestsOf(t, webhook, everything()...)
	assert.Equal(t, original.Instance, got.Instance, "a deployment of one replaces the other")
	assert.Equal(t, original.Region, got.Region)
	assert.Equal(t, original.Function, got.Function)
	require.Len(t, got.Triggers, 2)
	assert.Equal(t, original.Triggers, got.Triggers[1:], "the function URL, to move to")
	var trigger struct {
		ServiceID   string `json:"serviceId"`
		Environment string
		Protocols   []string
		Endpoints   []struct {
			Path, Method   string
			ServiceTimeout int
			Function       struct {
				IsIntegratedResponse                          bool
				FunctionName, FunctionQualifier, FunctionType string
			}
		}
	}
	require.NoError(t, json.Unmarshal(got.Triggers[0], &trigger))
	assert.Equal(t, "service-1", trigger.ServiceID)
	assert.Equal(t, "release", trigger.Environment)
	assert.Equal(t, []string{"https"}, trigger.Protocols)
	require.Len(t, trigger.Endpoints, 1)
	endpoint := trigger.Endpoints[0]
	assert.Equal(t, "POST", endpoint.Method)
	assert.Greater(t, endpoint.ServiceTimeout, got.Function.Timeout, "the gateway must outwait the function")
	assert.True(t, endpoint.Function.IsIntegratedResponse, "status and headers are the function's")
	assert.Equal(t, "msgext-webhook-test", endpoint.Function.FunctionName)
	assert.Equal(t, "EVENT", endpoint.Function.FunctionType)
}

// The variant whose function URL requires CAM differs only in that and in the function's own check.
// A URL without authentication never leads to a function that compares no token.
func TestServerless_ReadByCAM(t *testing.T) {
	got, original := requestsOf(t, readByCAM, everything()...), requestsOf(t, read, everything()...)
	assert.Equal(t, original.Instance, got.Instance, "a deployment of one replaces the other")
	assert.NotContains(t, got.Function.Environment.Variables, variable{"MSGEXT_READ_TOKENS", "value of MSGEXT_READ_TOKENS"})
	assert.Contains(t, got.Function.Environment.Variables, variable{"MSGEXT_READ_AUTH", "iam"})
	require.Len(t, got.Triggers, 1)
	assert.Contains(t, string(got.Triggers[0]), `{\"AuthType\":\"CAM\",`)
	got.Function.Environment, original.Function.Environment = struct{ Variables []variable }{}, struct{ Variables []variable }{}
	assert.Equal(t, original.Function, got.Function)
}
