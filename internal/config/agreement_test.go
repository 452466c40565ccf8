package config_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
)

// namesIn returns the variables that a pattern finds in a file of the repository's root.
func namesIn(t *testing.T, file, pattern string) []string {
	t.Helper()
	content, err := os.ReadFile("../../" + file)
	require.NoError(t, err)
	var names []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(content), -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func variables(usedBy config.Function) []string {
	var names []string
	for _, v := range config.Variables() {
		if v.UsedBy&usedBy != 0 {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return names
}

// The table of variables, the README's and what the deployments set are one and the same.
func TestVariables_AgreeEverywhere(t *testing.T) {
	const (
		all   = config.Webhook | config.Repair | config.Local
		entry = `(?m)^ +(MSGEXT_[A-Z_]+):`
	)
	assert.Equal(t, variables(all), namesIn(t, "README.md", "(?m)^\\| `(MSGEXT_[A-Z_]+)` \\|"), "README.md")
	assert.Equal(t, variables(config.Webhook|config.Repair), namesIn(t, "template.yaml", entry), "template.yaml")
	assert.Equal(t, variables(config.Webhook), namesIn(t, "serverless.yml", entry), "the webhook's serverless.yml")
	assert.Equal(t, variables(config.Webhook), namesIn(t, "functions/scf/apigateway/serverless.yml", entry), "the API gateway's serverless.yml")
	assert.Equal(t, variables(config.Repair), namesIn(t, "functions/scf/repair/serverless.yml", entry), "repair's serverless.yml")
}
