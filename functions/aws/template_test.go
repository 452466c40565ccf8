package aws_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"msgext/internal/config"
)

// template is what these tests look at. CloudFormation's own tags (!Ref, !Sub, !If) are left out: of
// `!Sub "x"` the text stays, of `!If [a, b, c]` the list.
type template struct {
	Globals   struct{ Function function }
	Resources map[string]resource
}

type resource struct {
	Type, Condition string
	Properties      json.RawMessage // of each type its own
}

type function struct {
	Description string
	Environment struct{ Variables map[string]any }
}

func read(t *testing.T) template {
	t.Helper()
	content, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	var document any
	require.NoError(t, yaml.Unmarshal(content, &document))
	encoded, err := json.Marshal(document) // whose decoder finds the fields below by their names as they are
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

// Each function gets the variables that it uses and no other: the webhook's must not hold the admin's key.
func TestTemplate_VariablesOfEachFunction(t *testing.T) {
	template := read(t)
	for name, usedBy := range map[string]config.Function{"Webhook": config.Webhook, "Repair": config.Repair} {
		var want []string
		for _, v := range config.Variables() {
			if v.UsedBy&usedBy != 0 {
				want = append(want, v.Name)
			}
		}
		got := slices.Collect(maps.Keys(template.Globals.Function.Environment.Variables))
		got = slices.AppendSeq(got, maps.Keys(properties[function](t, template.Resources[name]).Environment.Variables))
		assert.ElementsMatch(t, want, got, name)
	}
}

// A function URL that anybody may call takes both permissions, since October 2025
// (docs.aws.amazon.com/lambda/latest/dg/urls-auth.html).
func TestTemplate_FunctionURLIsPublic(t *testing.T) {
	type permission struct {
		Action, Principal, FunctionUrlAuthType string
		InvokedViaFunctionUrl                  bool
	}
	var public []permission
	for _, resource := range read(t).Resources {
		if resource.Type != "AWS::Lambda::Permission" {
			continue
		}
		if p := properties[permission](t, resource); p.Principal == "*" {
			public = append(public, p)
			assert.Equal(t, "HasFunctionUrl", resource.Condition)
		}
	}
	assert.ElementsMatch(t, []permission{
		{Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE"},
		{Action: "lambda:InvokeFunction", Principal: "*", InvokedViaFunctionUrl: true},
	}, public)
}

// A secret comes from Secrets Manager by reference: none has a parameter that would hold its text.
func TestTemplate_SecretsAreReferences(t *testing.T) {
	template := read(t)
	values := maps.Clone(template.Globals.Function.Environment.Variables)
	for _, name := range []string{"Webhook", "Repair"} {
		maps.Copy(values, properties[function](t, template.Resources[name]).Environment.Variables)
	}
	for _, name := range []string{"MSGEXT_TOKEN", "MSGEXT_CHAT_SECRET_KEY", "MSGEXT_RELAY_HEADERS", "MSGEXT_HTTP_SECRET", "MSGEXT_KAFKA_USERNAME", "MSGEXT_KAFKA_PASSWORD"} {
		assert.Contains(t, fmt.Sprint(values[name]), "{{resolve:secretsmanager:", name)
	}
}

// CloudFormation reads a secret again only for a resource that changes: both functions change with the revision.
func TestTemplate_SecretsAreReadAgain(t *testing.T) {
	template := read(t)
	for _, name := range []string{"Webhook", "Repair"} {
		assert.Contains(t, properties[function](t, template.Resources[name]).Description, "${SecretsRevision}", name)
	}
}
