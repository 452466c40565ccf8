package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestURLs_ThatChatsConsoleDoesNotTake(t *testing.T) {
	const id = "abcdefghijklmnopqrstuvwxyz012345" // the id in a Lambda function URL
	lambda := func(region string) string { return "https://" + id + ".lambda-url." + region + ".on.aws/chat" }
	tests := []struct{ url, want string }{
		{lambda("eu-central-1"), ""},
		{lambda("us-east-1"), ""},
		{lambda("ap-southeast-1"), "its host has 65 characters, at most 63 are taken"},
		{lambda("ap-northeast-2"), "its host has 65 characters"},
		{"https://abcdefghij.execute-api.ap-southeast-1.amazonaws.com/chat", ""},
		{"https://1300000000-abcdefghij.ap-singapore.tencentscf.com", ""},
		{"https://example.com:8443/a", ""},
		{"https://example.com/chat?signed=1", "it has a '?', which is not taken"},
		{"https://example.com/a!b", "it has a '!', which is not taken"},
		{"https://example.com/a$b", "it has a '$', which is not taken"},
		{"https://example.com/a&b", "it has a '&', which is not taken"},
		{"https://example.com/a b", "it has a space, which is not taken"},
		{"https://example.com/a%20b", "it has a space, which is not taken"},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			outputs := `[{"OutputKey":"QueueURL","OutputValue":"https://sqs/?"},{"OutputKey":"WebhookLogGroup","OutputValue":"msgext-WebhookLog-1"},` +
				`{"OutputKey":"WebhookFunctionURL","OutputValue":"` + test.url + `"}]`
			status, stdout, stderr := try(t, []string{"MSGEXT_PATH=/another-deployments"}, outputs, "urls")
			assert.True(t, strings.HasPrefix(stdout, test.url+"\n"), stdout)
			assert.NotContains(t, stdout, "WebhookLog", "a log group was once taken for a URL")
			if test.want == "" {
				assert.Equal(t, exitOK, status, stderr)
				assert.Contains(t, stdout, "takes this URL, with the stack's parameter Path behind it; a change there works after two minutes")
				return
			}
			assert.Equal(t, exitFailed, status)
			assert.Contains(t, stdout, "Chat's console does not take this URL: "+test.want)
		})
	}
}

// Each output of the template that says that it goes into the console is known by its name.
func TestURLs_AreTheTemplatesOutputs(t *testing.T) {
	template, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	var names []string
	for _, output := range regexp.MustCompile(`(?m)^  (\w+):\n(?:    Condition: .*\n)?    Description: The URL to paste into the Chat console, with the parameter Path behind it$`).FindAllSubmatch(template, -1) {
		names = append(names, string(output[1]))
	}
	assert.Equal(t, urlOutputs, names)
}

func TestURLs_FromSCFsTool(t *testing.T) {
	const printed = "webhook:\n  triggers:\n    - Url: \"https://1300000000-abcdefghij.ap-singapore.tencentscf.com\"\n" +
		"    - url: https://service-1-1300000000.sg.apigw.tencentcs.com/release/chat\nFull details: https://serverless.cloud.tencent.com/apps/x?stage=prod\n"
	t.Run("with a path", func(t *testing.T) {
		status, stdout, _ := try(t, []string{"MSGEXT_PATH=/chat"}, printed, "urls")
		assert.Equal(t, exitOK, status)
		assert.Contains(t, stdout, "https://1300000000-abcdefghij.ap-singapore.tencentscf.com/chat\nChat's console takes")
		assert.Contains(t, stdout, "https://service-1-1300000000.sg.apigw.tencentcs.com/release/chat\nChat's console takes")
		assert.Equal(t, 2, strings.Count(stdout, "https://"))
	})
	t.Run("with a path that is not taken", func(t *testing.T) {
		status, stdout, _ := try(t, []string{"MSGEXT_PATH=/a?b"}, printed, "urls")
		assert.Equal(t, exitFailed, status)
		assert.Contains(t, stdout, "it has a '?'")
	})
	t.Run("without a URL", func(t *testing.T) {
		status, stdout, _ := try(t, nil, "nothing", "urls")
		assert.Equal(t, exitOK, status)
		assert.Contains(t, stdout, "scripts/send")
	})
}

func TestSend_SaysWhetherChatsConsoleTakesTheURL(t *testing.T) {
	server := serve(t, nil)
	t.Run("it does", func(t *testing.T) {
		status, stdout, _ := try(t, signed, "", "send", server+"/chat")
		assert.Equal(t, exitOK, status)
		assert.NotContains(t, stdout, "console does not take")
	})
	t.Run("it does not", func(t *testing.T) {
		status, stdout, _ := try(t, signed, "", "send", server+"/chat?tenant=7")
		assert.Equal(t, exitOK, status, "what answers there is as it should be")
		assert.Contains(t, stdout, "Chat's console does not take this URL: it has a '?', which is not taken.")
	})
}
