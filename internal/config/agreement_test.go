package config_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"msgext/internal/config"
)

// inDocument returns the variables of docs/configuration.md's table.
func inDocument(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	var names []string
	for _, match := range regexp.MustCompile("(?m)^\\| `(MSGEXT_[A-Z_]+)` \\|").FindAllSubmatch(content, -1) {
		names = append(names, string(match[1]))
	}
	return names
}

// inServerless returns the variables that a deployment on SCF sets. The value is what the
// environment holds under the same name. A read function's token or its replacement stands in the
// file itself, next to how its function URL authenticates.
func inServerless(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile("../../" + file)
	require.NoError(t, err)
	var deployment struct {
		Inputs struct {
			Environment struct{ Variables map[string]string }
		}
	}
	require.NoError(t, yaml.Unmarshal(content, &deployment))
	var names []string
	for name, value := range deployment.Inputs.Environment.Variables {
		if name == "MSGEXT_READ_AUTH" {
			assert.Equal(t, map[string]string{"functions/scf/read/serverless.yml": "tokens", "functions/scf/read/cam/serverless.yml": "iam"}[file], value, file)
		} else {
			assert.Equal(t, "${env:"+name+"}", value, file)
		}
		names = append(names, name)
	}
	return names
}

func variables(usedBy config.Function) []string {
	var names []string
	for _, v := range config.Variables() {
		if v.UsedBy&usedBy != 0 {
			names = append(names, v.Name)
		}
	}
	return names
}

// The table of variables in the code, the table in docs/configuration.md and the variables that the
// deployments set are the same. For template.yaml the same test is in
// functions/aws/template_test.go.
func TestVariables_AgreeEverywhere(t *testing.T) {
	assert.ElementsMatch(t, variables(config.Webhook|config.Repair|config.Read|config.Local), inDocument(t), "docs/configuration.md")
	byCAM := slices.DeleteFunc(variables(config.Read), func(name string) bool { return name == "MSGEXT_READ_TOKENS" })
	assert.ElementsMatch(t, byCAM, inServerless(t, "functions/scf/read/cam/serverless.yml"))
	assert.ElementsMatch(t, append(variables(config.Webhook), "MSGEXT_READ_TOKENS"), inServerless(t, "functions/scf/web/serverless.yml"), "what it repairs with is the repair function's")
	for file, usedBy := range map[string]config.Function{
		"serverless.yml": config.Webhook, "functions/scf/apigateway/serverless.yml": config.Webhook, "functions/scf/repair/serverless.yml": config.Repair,
		"functions/scf/read/serverless.yml": config.Read,
	} {
		assert.ElementsMatch(t, variables(usedBy), inServerless(t, file), file)
	}
}
