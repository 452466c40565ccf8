package aws_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
)

// blocks returns the entries of a template's section by name, each as its text.
func blocks(t *testing.T, section string) map[string]string {
	t.Helper()
	content, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(content), "\n"+section+":\n")
	require.True(t, found, section)
	if end := regexp.MustCompile(`(?m)^\w`).FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	entries := make(map[string]string)
	name := ""
	for _, line := range strings.SplitAfter(text, "\n") {
		if match := regexp.MustCompile(`^  (\w+):`).FindStringSubmatch(line); match != nil {
			name = match[1]
		}
		entries[name] += line
	}
	return entries
}

// Each function gets the variables that it uses and no other: the webhook's must not hold the admin's key.
func TestTemplate_VariablesOfEachFunction(t *testing.T) {
	variable := regexp.MustCompile(`(?m)^ +(MSGEXT_[A-Z_]+):`)
	shared, resources := blocks(t, "Globals")["Function"], blocks(t, "Resources")
	for name, function := range map[string]config.Function{"Webhook": config.Webhook, "Repair": config.Repair} {
		var want, got []string
		for _, v := range config.Variables() {
			if v.UsedBy&function != 0 {
				want = append(want, v.Name)
			}
		}
		for _, match := range variable.FindAllStringSubmatch(shared+resources[name], -1) {
			got = append(got, match[1])
		}
		slices.Sort(want)
		slices.Sort(got)
		assert.Equal(t, want, got, name)
	}
}

// A function URL that anybody may call takes both permissions, since October 2025
// (docs.aws.amazon.com/lambda/latest/dg/urls-auth.html).
func TestTemplate_FunctionURLIsPublic(t *testing.T) {
	conditions := map[string]string{"lambda:InvokeFunctionUrl": "FunctionUrlAuthType: NONE", "lambda:InvokeFunction": "InvokedViaFunctionUrl: true"}
	for action, condition := range conditions {
		count := 0
		for _, block := range blocks(t, "Resources") {
			if strings.Contains(block, "Action: "+action+"\n") && strings.Contains(block, `Principal: "*"`) {
				count++
				assert.Contains(t, block, condition)
				assert.Contains(t, block, "Condition: HasFunctionUrl")
			}
		}
		assert.Equal(t, 1, count, action)
	}
}

// A secret comes from Secrets Manager by reference: none has a parameter that would hold its text.
func TestTemplate_SecretsAreReferences(t *testing.T) {
	secrets := regexp.MustCompile(`(?m)^ +(MSGEXT_(?:TOKEN|CHAT_SECRET_KEY|HTTP_SECRET|KAFKA_USERNAME|KAFKA_PASSWORD)): (.*)$`)
	found := 0
	for _, text := range []string{blocks(t, "Globals")["Function"], blocks(t, "Resources")["Webhook"], blocks(t, "Resources")["Repair"]} {
		for _, match := range secrets.FindAllStringSubmatch(text, -1) {
			found++
			assert.Contains(t, match[2], "{{resolve:secretsmanager:", match[1])
		}
	}
	assert.Equal(t, 5, found)
}

// CloudFormation reads a secret again only for a resource that changes: both functions change with the revision.
func TestTemplate_SecretsAreReadAgain(t *testing.T) {
	for _, name := range []string{"Webhook", "Repair"} {
		assert.Regexp(t, `(?m)^      Description: .*\$\{SecretsRevision\}`, blocks(t, "Resources")[name], name)
	}
}
