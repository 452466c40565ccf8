package aws_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// A secret path is hidden from those who can read the stack: it is neither a parameter's text nor
// in an output.
func TestTemplate_ThePathIsASecret(t *testing.T) {
	content, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	var template struct {
		Parameters map[string]struct {
			NoEcho bool `yaml:"NoEcho"`
		} `yaml:"Parameters"`
		Outputs map[string]any `yaml:"Outputs"`
	}
	require.NoError(t, yaml.Unmarshal(content, &template))
	assert.True(t, template.Parameters["Path"].NoEcho)
	outputs, err := json.Marshal(template.Outputs)
	require.NoError(t, err)
	assert.Contains(t, string(outputs), "execute-api")
	assert.NotContains(t, string(outputs), `"Path"`)
	assert.NotContains(t, string(outputs), "${Path}")
}

// The gateway limits the number of requests, and so what strangers can cost. The operator can set
// the limits.
func TestTemplate_TheGatewayIsThrottled(t *testing.T) {
	type api struct{ DefaultRouteSettings map[string]any }
	assert.Equal(t, map[string]any{"ThrottlingRateLimit": "ThrottleRate", "ThrottlingBurstLimit": "ThrottleBurst"},
		properties[api](t, read(t).Resources["WebhookApi"]).DefaultRouteSettings)
}

// Every log group takes the operator's key.
func TestTemplate_LogsTakeAKey(t *testing.T) {
	type group struct{ KmsKeyId any }
	groups := 0
	for name, resource := range read(t).Resources {
		if resource.Type == "AWS::Logs::LogGroup" {
			groups++
			assert.Equal(t, []any{"HasLogKey", "LogKey", "AWS::NoValue"}, properties[group](t, resource).KmsKeyId, name)
		}
	}
	assert.Equal(t, 3, groups)
}

// A run of repair that could not be started is kept in a queue. A run that failed is not retried,
// because the next scheduled run does the same work.
func TestTemplate_RunsAreKeptOrFollowed(t *testing.T) {
	type function struct {
		EventInvokeConfig map[string]any
		Events            map[string]struct {
			Properties struct {
				RetryPolicy      map[string]any
				DeadLetterConfig struct{ Type, QueueLogicalId string }
			}
		}
	}
	repair := properties[function](t, read(t).Resources["Repair"])
	assert.EqualValues(t, 0, repair.EventInvokeConfig["MaximumRetryAttempts"])
	assert.Equal(t, "SQS", repair.Events["EveryMinute"].Properties.DeadLetterConfig.Type)
	assert.EqualValues(t, 0, repair.Events["EveryMinute"].Properties.RetryPolicy["MaximumRetryAttempts"])
}
