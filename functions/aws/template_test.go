package aws_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"msgext/internal/config"
	"msgext/pkg/chatapi"
)

// template is the part of the template that these tests use. CloudFormation's own tags (!Ref, !Sub,
// !If) are dropped: `!Sub "x"` is the text, and `!If [a, b, c]` the list.
type template struct {
	Parameters map[string]struct{ AllowedPattern string }
	Globals    struct{ Function function }
	Resources  map[string]resource
	Rules      map[string]any
}

type resource struct {
	Type, Condition string
	Properties      json.RawMessage // depends on the type
}

type function struct {
	Description, Role   string
	Policies, VpcConfig any
	Environment         struct{ Variables map[string]any }
}

func read(t *testing.T) template {
	t.Helper()
	content, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	var document any
	require.NoError(t, yaml.Unmarshal(content, &document))
	// In JSON, because its decoder matches the field names below as they are.
	encoded, err := json.Marshal(document)
	require.NoError(t, err)
	var read template
	require.NoError(t, json.Unmarshal(encoded, &read))
	return read
}

func properties[T any](t *testing.T, r resource) (decoded T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.Properties, &decoded))
	return decoded
}

// Each function gets exactly the variables that it uses. The webhook function must not hold the
// admin's key.
func TestTemplate_VariablesOfEachFunction(t *testing.T) {
	template := read(t)
	for name, usedBy := range map[string]config.Function{"Webhook": config.Webhook, "Repair": config.Repair, "Read": config.Read} {
		var want []string
		for _, v := range config.Variables() {
			if v.UsedBy&usedBy != 0 {
				want = append(want, v.Name)
			}
		}
		got := maps.Clone(template.Globals.Function.Environment.Variables)
		maps.Copy(got, properties[function](t, template.Resources[name]).Environment.Variables)
		assert.ElementsMatch(t, want, slices.Collect(maps.Keys(got)), name)
	}
}

// The template's pattern for ChatEndpoint accepts what the program accepts, except for what only a
// test uses.
func TestTemplate_ChatEndpoint(t *testing.T) {
	pattern := regexp.MustCompile(`^(?:` + read(t).Parameters["ChatEndpoint"].AllowedPattern + `)$`)
	for _, endpoint := range []string{
		"china", "singapore", "seoul", "tokyo", "frankfurt", "silicon-valley", "jakarta", "mumbai",
		"https://adminapisgp.im.qcloud.com", "https://chat.example/", "https://proxy.example:8443/chat",
		"", "Singapore", "sg", "eu-central-1", "adminapisgp.im.qcloud.com", "http://chat.example", "https://", "https:///x",
		"https://user@chat.example", "https://chat.example?a=1", "https://chat.example#a", "https://chat example",
	} {
		assert.Equal(t, chatapi.CheckEndpoint(endpoint) == nil, pattern.MatchString(endpoint), endpoint)
	}
}

// Every alarm notifies the configured topic.
func TestTemplate_EveryAlarmIsTold(t *testing.T) {
	alarms := 0
	for name, resource := range read(t).Resources {
		if resource.Type != "AWS::CloudWatch::Alarm" {
			continue
		}
		alarms++
		actions := properties[struct{ AlarmActions []any }](t, resource).AlarmActions
		assert.Equal(t, []any{"HasAlarmTopic", []any{"AlarmTopic"}, []any{"HasAlarmEmail", []any{"AlarmMail"}, []any{}}}, actions, name)
	}
	assert.NotZero(t, alarms)
}

// A function URL that anybody may call needs both permissions since October 2025
// (docs.aws.amazon.com/lambda/latest/dg/urls-auth.html).
func TestTemplate_FunctionURLIsPublic(t *testing.T) {
	type permission struct {
		FunctionName, Action, Principal, FunctionUrlAuthType string
		InvokedViaFunctionUrl                                bool
	}
	public := make(map[string][]permission) // by condition
	for _, resource := range read(t).Resources {
		if resource.Type != "AWS::Lambda::Permission" {
			continue
		}
		if p := properties[permission](t, resource); p.Principal == "*" {
			public[resource.Condition] = append(public[resource.Condition], p)
		}
	}
	for condition, name := range map[string]string{"HasFunctionUrl": "Webhook", "HasReadTokens": "Read"} {
		assert.ElementsMatch(t, []permission{
			{FunctionName: name, Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE"},
			{FunctionName: name, Action: "lambda:InvokeFunction", Principal: "*", InvokedViaFunctionUrl: true},
		}, public[condition])
	}
	assert.Len(t, public, 2, "behind IAM nobody is let in without credentials")
}

// A secret is a reference to Secrets Manager. No parameter holds a secret's text.
func TestTemplate_SecretsAreReferences(t *testing.T) {
	template := read(t)
	values := maps.Clone(template.Globals.Function.Environment.Variables)
	for _, name := range []string{"Webhook", "Repair", "Read"} {
		maps.Copy(values, properties[function](t, template.Resources[name]).Environment.Variables)
	}
	for _, name := range []string{"MSGEXT_TOKEN", "MSGEXT_CHAT_SECRET_KEY", "MSGEXT_RELAY_HEADERS", "MSGEXT_HTTP_SECRET", "MSGEXT_HTTP_HEADERS", "MSGEXT_KAFKA_USERNAME", "MSGEXT_KAFKA_PASSWORD", "MSGEXT_READ_TOKENS"} {
		assert.Contains(t, fmt.Sprint(values[name]), "{{resolve:secretsmanager:", name)
	}
}

// CloudFormation reads a secret again only for a resource that changes. The revision is part of
// both functions, so that a new revision changes both.
func TestTemplate_SecretsAreReadAgain(t *testing.T) {
	template := read(t)
	for _, name := range []string{"Webhook", "Repair", "Read"} {
		assert.Contains(t, properties[function](t, template.Resources[name]).Description, "${SecretsRevision}", name)
	}
}

// One parameter decides both what authenticates callers of the read function and what its URL
// requires. The function can only read.
func TestTemplate_Read(t *testing.T) {
	type url struct{ AuthType any }
	type role struct{ ManagedPolicyArns []any }
	type policy struct {
		PolicyDocument struct {
			Statement []struct{ Effect, Action, Resource any }
		}
	}
	template := read(t)
	for name, condition := range map[string]string{"Read": "HasRead", "ReadUrl": "HasRead", "ReadRole": "HasRead", "ReadTablePolicy": "HasReadTable"} {
		assert.Equal(t, condition, template.Resources[name].Condition, name)
	}
	assert.Equal(t, []any{"HasReadTokens", "tokens", "iam"}, properties[function](t, template.Resources["Read"]).Environment.Variables["MSGEXT_READ_AUTH"])
	assert.Equal(t, []any{"HasReadTokens", "NONE", "AWS_IAM"}, properties[url](t, template.Resources["ReadUrl"]).AuthType)

	assert.Equal(t, []any{
		"arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
		[]any{"HasVpc", "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole", "AWS::NoValue"},
		[]any{"HasTable", "ReadTablePolicy", "AWS::NoValue"},
	}, properties[role](t, template.Resources["ReadRole"]).ManagedPolicyArns)
	statements := properties[policy](t, template.Resources["ReadTablePolicy"]).PolicyDocument.Statement
	require.Len(t, statements, 1)
	assert.Equal(t, []any{"Allow", "dynamodb:Query", "Table.Arn"}, []any{statements[0].Effect, statements[0].Action, statements[0].Resource})
}

// All functions are in the VPC. They get rights for network interfaces only if there is a VPC.
func TestTemplate_VPC(t *testing.T) {
	type role struct{ ManagedPolicyArns []any }
	template := read(t)
	assert.Equal(t, []any{"HasVpc", map[string]any{"SubnetIds": "SubnetIds", "SecurityGroupIds": "SecurityGroupIds"}, "AWS::NoValue"}, template.Globals.Function.VpcConfig)
	for _, name := range []string{"Webhook", "Repair", "Read"} {
		f := properties[function](t, template.Resources[name])
		assert.Equal(t, name+"Role.Arn", f.Role, "SAM makes none of its own")
		assert.Nil(t, f.Policies)
		assert.Contains(t, properties[role](t, template.Resources[name+"Role"]).ManagedPolicyArns,
			[]any{"HasVpc", "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole", "AWS::NoValue"})
	}
}

// With a relay all of the app's traffic waits for the backend. So nothing can be deployed without
// the concurrency for it.
func TestTemplate_ARelayIsSized(t *testing.T) {
	template := read(t)
	assert.Contains(t, fmt.Sprint(template.Rules["RelayIsSized"]), "RelayConcurrency")
	webhook := properties[struct{ ReservedConcurrentExecutions []string }](t, template.Resources["Webhook"])
	assert.Equal(t, []string{"HasRelay", "RelayConcurrency", "Concurrency"}, webhook.ReservedConcurrentExecutions)
}
