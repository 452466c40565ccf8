package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The deploying scripts run with stubs in place of the programs that they call. The tests check
// what a script requires before it builds or sends anything, and what it then calls.
func TestDeploy(t *testing.T) {
	scf := []string{"TENCENT_SECRET_ID=id", "TENCENT_SECRET_KEY=very-secret", "TENCENT_REGION=ap-singapore", "MSGEXT_SDK_APP_ID=1400000000", "MSGEXT_TOKEN=very-secret"}
	aws := []string{"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=very-secret", "AWS_REGION=eu-central-1"}
	tests := []struct {
		name    string
		script  string
		environ []string
		stubs   string
		says    string
		calls   []string // empty: it stops before
	}{
		{"aws without Go", "deploy-aws", aws, "sam", "Go is missing: install Go", nil},
		{"aws without SAM", "deploy-aws", aws, "go", "the SAM CLI is missing: pip install aws-sam-cli", nil},
		{"aws without credentials", "deploy-aws", nil, "go sam", "no AWS credentials: set AWS_ACCESS_KEY_ID", nil},
		{"aws without region", "deploy-aws", aws[:2], "go sam", "no region: set AWS_REGION", nil},
		{"aws with credentials that fail", "deploy-aws", aws, "go sam false-aws", "no valid AWS credentials: aws configure", nil},
		{"aws without answers", "deploy-aws", aws, "go sam aws", "no answer: run it at a prompt, or write samconfig.toml", nil},
		{"aws with arguments", "deploy-aws --stack-name votes --no-confirm-changeset --region eu-west-1", aws, "go sam", "",
			[]string{"sam build, region eu-central-1", "sam deploy --stack-name votes --no-confirm-changeset --region eu-west-1, region eu-central-1",
				"sam list stack-outputs --output json --stack-name votes --region eu-west-1, region eu-central-1", `msgext urls [{"OutputKey":"WebhookURL"}]`}},

		{"scf without Go", "deploy-scf", scf, "scf", "Go is missing: install Go", nil},
		{"scf without the framework", "deploy-scf", scf, "go", "npm install -g serverless-cloud-framework", nil},
		{"scf with more variables than it takes", "deploy-scf", append(scf, "MSGEXT_HTTP_HEADERS="+strings.Repeat("h", 4080)), "go scf", "the variables of ./serverless.yml are ", nil},
		{"scf with more variables than its repair function takes", "deploy-scf", append(scf, "MSGEXT_CHAT_SECRET_KEY="+strings.Repeat("ä", 2040)), "go scf", "the variables of functions/scf/repair/serverless.yml are ", nil},
		{"scf with nothing set", "deploy-scf", nil, "go scf", "not set: TENCENT_SECRET_ID TENCENT_SECRET_KEY TENCENT_REGION MSGEXT_SDK_APP_ID MSGEXT_TOKEN", nil},
		{"scf without a token", "deploy-scf", scf[:4], "go scf", "not set: MSGEXT_TOKEN", nil},
		{"scf without repair", "deploy-scf", scf, "go scf", "nothing is repaired", []string{"scf deploy, stage prod", "msgext urls deployed"}},
		{"scf", "deploy-scf", append(scf, "MSGEXT_CHAT_SECRET_KEY=very-secret", "STAGE=other", "MSGEXT_STATE=redis://10.0.0.1"), "go scf",
			"TENCENT_VPC_ID is not set", []string{"scf deploy, stage other", "scf deploy --target functions/scf/repair, stage other", "msgext urls deployed"}},
		{"scf behind an API gateway", "deploy-scf", append(scf, "TENCENT_APIGW_SERVICE=service-1"), "go scf", "",
			[]string{"scf deploy --target functions/scf/apigateway, stage prod", "msgext urls deployed"}},
		{"scf with addresses that a function URL cannot tell", "deploy-scf", append(scf, "MSGEXT_ALLOW_FROM=192.0.2.0/24"), "go scf", "it is not documented whether a client's own header is overwritten", nil},
		{"scf with addresses behind an API gateway", "deploy-scf", append(scf, "MSGEXT_ALLOW_FROM=192.0.2.0/24", "TENCENT_APIGW_SERVICE=service-1"), "go scf", "",
			[]string{"scf deploy --target functions/scf/apigateway, stage prod", "msgext urls deployed"}},
		{"scf as a web function", "deploy-scf", append(scf, "TENCENT_WEB_FUNCTION=true", "MSGEXT_STATE=redis://10.0.0.1", "MSGEXT_CHAT_SECRET_KEY=very-secret"), "go scf", "",
			[]string{"scf deploy --target functions/scf/web, stage prod", "scf deploy --target functions/scf/repair, stage prod", "msgext urls deployed"}},
		{"scf as a web function without a store", "deploy-scf", append(scf, "TENCENT_WEB_FUNCTION=true"), "go scf", "not set: MSGEXT_STATE", nil},
		{"scf as a web function, perhaps", "deploy-scf", append(scf, "TENCENT_WEB_FUNCTION=false"), "go scf", "TENCENT_WEB_FUNCTION: neither true nor empty", nil},
		{"scf as a web function behind a gateway", "deploy-scf", append(scf, "TENCENT_WEB_FUNCTION=true", "TENCENT_APIGW_SERVICE=service-1"), "go scf", "no API gateway", nil},
		{"scf with a read function", "deploy-scf", append(scf, "MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS=very-secret", "MSGEXT_STATE=redis://10.0.0.1"), "go scf", "",
			[]string{"scf deploy, stage prod", "scf deploy --target functions/scf/read, stage prod", "msgext urls deployed"}},
		{"scf with a read function and a user for it", "deploy-scf", append(scf, "MSGEXT_READ_AUTH=iam", "MSGEXT_STATE=redis://10.0.0.1", "READ_STATE=redis://reader@10.0.0.1"), "go scf", "",
			[]string{"scf deploy, stage prod, state redis://10.0.0.1", "scf deploy --target functions/scf/read/cam, stage prod, state redis://reader@10.0.0.1", "msgext urls deployed"}},
		{"scf with a read function behind CAM", "deploy-scf", append(scf, "MSGEXT_READ_AUTH=iam", "MSGEXT_STATE=redis://10.0.0.1"), "go scf", "",
			[]string{"scf deploy, stage prod", "scf deploy --target functions/scf/read/cam, stage prod", "msgext urls deployed"}},
		{"scf with a read function that nothing opens", "deploy-scf", append(scf, "MSGEXT_READ_AUTH=tokens"), "go scf", "not set: MSGEXT_READ_TOKENS MSGEXT_STATE", nil},
		{"scf with a read function opened by something else", "deploy-scf", append(scf, "MSGEXT_READ_AUTH=none"), "go scf", "MSGEXT_READ_AUTH: neither tokens nor iam", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls, output, err := deploy(t, test.script, test.environ, strings.Fields(test.stubs))
			assert.Contains(t, output, test.says)
			assert.NotContains(t, output, "very-secret")
			if test.calls == nil {
				assert.Error(t, err)
				assert.Empty(t, strings.Replace(calls, "aws sts get-caller-identity", "", 1))
				return
			}
			require.NoError(t, err, output)
			assert.Equal(t, strings.Join(test.calls, "\n"), calls)
		})
	}
}

// The tool's output is kept through a pipe, whose own status does not say how the tool ended.
func TestDeploy_FailsWithItsTool(t *testing.T) {
	environ := []string{"TENCENT_SECRET_ID=id", "TENCENT_SECRET_KEY=k", "TENCENT_REGION=ap-singapore", "MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_CHAT_SECRET_KEY=k"}
	calls, output, err := deploy(t, "deploy-scf", environ, []string{"go", "false-scf"})
	assert.Error(t, err)
	assert.Equal(t, "scf deploy, stage prod", calls)
	assert.Contains(t, output, "deployed", "what it printed is seen")
}

// The first deployment asks for six things. It says what an answer costs, and asks again where an
// answer cannot be right. The second deployment asks nothing.
func TestDeployAWS_AsksSixQuestions(t *testing.T) {
	aws := []string{"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=very-secret", "AWS_REGION=eu-central-1"}
	want := []string{"sam build, region eu-central-1", "sam deploy, region eu-central-1", "sam list stack-outputs --output json, region eu-central-1", `msgext urls [{"OutputKey":"WebhookURL"}]`}
	tests := []struct {
		name, answers string
		says          []string
		silent        string // text that is not printed
		parameters    map[string]string
	}{
		{"all", "1400000000\nmsgext/token\nmsgext/chat-key\nfrankfurt\nhttps://a.example/b kafka://c:9092/d\nops@example.com\n",
			[]string{"6/6", "samconfig.toml", "In the first hour (docs/runbooks.md", "the parameter Path behind it, /chat unless", "paste the same URL, Path included"}, "neither AlarmEmail",
			map[string]string{"SdkAppId": "1400000000", "TokenSecret": "msgext/token", "ChatSecret": "msgext/chat-key", "ChatEndpoint": "frankfurt", "Sinks": "https://a.example/b kafka://c:9092/d", "AlarmEmail": "ops@example.com"}},
		{"the least", "1400000000\nmsgext/token\n\n\n\n\n\n",
			[]string{"stays lost, and nobody is told", "go on without repair", "neither AlarmEmail nor AlarmTopic is set"}, "not an address",
			map[string]string{"SdkAppId": "1400000000", "TokenSecret": "msgext/token", "ChatSecret": "", "ChatEndpoint": "singapore", "Sinks": "", "AlarmEmail": ""}},
		{"second thoughts", "app\n1400000000\n\n\"msgext/token\"\nmsgext/token\n\nmsgext/chat-key\neu-central-1\nhttps://chat.example\n\nops\nops@example.com\n",
			[]string{"digits alone", "it is needed", "quotes and backslashes are not taken", "none of these, and no https:// URL", "not an address"}, "neither AlarmEmail",
			map[string]string{"SdkAppId": "1400000000", "TokenSecret": "msgext/token", "ChatSecret": "msgext/chat-key", "ChatEndpoint": "https://chat.example", "Sinks": "", "AlarmEmail": "ops@example.com"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := checkout(t)
			calls, output, err := deployIn(t, root, test.answers, "deploy-aws", aws, []string{"go", "sam"})
			require.NoError(t, err, output)
			assert.Equal(t, want, strings.Split(calls, "\n"))
			for _, text := range test.says {
				assert.Contains(t, output, text)
			}
			assert.NotContains(t, output, test.silent)
			written, err := os.ReadFile(filepath.Join(root, "samconfig.toml"))
			require.NoError(t, err)
			assert.Contains(t, string(written), "[default.global.parameters]\nstack_name = \"msgext\"\n")
			assert.Equal(t, test.parameters, overrides(t, string(written)))

			calls, output, err = deployIn(t, root, "", "deploy-aws", aws, []string{"go", "sam"})
			require.NoError(t, err, output)
			assert.Equal(t, want, strings.Split(calls, "\n"))
			assert.NotContains(t, output, "1/6")
			assert.Equal(t, test.parameters["AlarmEmail"] == "", strings.Contains(output, "neither AlarmEmail nor AlarmTopic"))
		})
	}
}

// overrides returns the template's parameters in a samconfig.toml, as SAM reads them.
func overrides(t *testing.T, samconfig string) map[string]string {
	t.Helper()
	lines := regexp.MustCompile(`(?m)^parameter_overrides = (".*")$`).FindAllStringSubmatch(samconfig, -1)
	require.NotEmpty(t, lines, samconfig)
	found := make(map[string]string)
	for _, line := range lines {
		// TOML's basic strings escape these characters as Go does.
		text, err := strconv.Unquote(line[1])
		require.NoError(t, err)
		for _, pair := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
			found[pair[1]] = pair[2]
		}
	}
	return found
}

// Every parameter in the example exists in the template.
func TestSamconfigExample(t *testing.T) {
	example, err := os.ReadFile("../samconfig.toml.example")
	require.NoError(t, err)
	content, err := os.ReadFile("../template.yaml")
	require.NoError(t, err)
	var template struct {
		Parameters map[string]struct {
			AllowedPattern string `yaml:"AllowedPattern"`
		} `yaml:"Parameters"`
	}
	require.NoError(t, yaml.Unmarshal(content, &template))
	for name, value := range overrides(t, string(example)) {
		parameter, found := template.Parameters[name]
		assert.True(t, found, name)
		// Go has no lookahead.
		if pattern := parameter.AllowedPattern; !strings.Contains(pattern, "(?!") {
			assert.Regexp(t, "^(?:"+pattern+")", value, name)
		}
	}
}

// deploy runs a script that can find only the stubs, and returns the calls that it made, without
// those of Go. A stub called false-NAME is a NAME that fails.
func deploy(t *testing.T, script string, environ, stubs []string) (calls, output string, err error) {
	t.Helper()
	return deployIn(t, checkout(t), "", script, environ, stubs)
}

// deployIn does the same in a checkout, with answers on standard input.
func deployIn(t *testing.T, root, stdin, script string, environ, stubs []string) (calls, output string, err error) {
	t.Helper()
	folder := t.TempDir()
	for _, program := range []string{"sh", "dirname", "readlink", "mkdir", "wc", "awk", "sed", "tee", "mktemp", "rm", "cat", "grep", "cp", "chmod"} {
		path, err := exec.LookPath(program)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(folder, program)))
	}
	recorded := filepath.Join(folder, "calls")
	for _, stub := range stubs {
		name, fails := strings.CutPrefix(stub, "false-")
		text := "#!/bin/sh\n"
		switch {
		case name == "scf":
			text += "echo deployed\n" + `[ -e "$PWD/scripts/deploy-scf" ] && echo "scf $*, stage $STAGE${READ_STATE:+, state $MSGEXT_STATE}" >>` + recorded
		case name == "sam":
			text += `[ "$1" = list ] && echo '[{"OutputKey":"WebhookURL"}]'` + "\n" + `echo "sam $*, region $AWS_DEFAULT_REGION" >>` + recorded
		case name == "go":
			text += `[ "$1 $4" != "tool -n" ] || echo "` + folder + `/tool"`
		default:
			text += `echo "` + name + ` $*" >>` + recorded
		}
		if fails {
			text += "\nexit 1"
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text+"\n"), 0o700))
	}
	tool := "#!/bin/sh\n" + `echo "msgext $1 $(cat)" >>` + recorded + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tool"), []byte(tool), 0o700))
	words := strings.Fields(script)
	command := exec.Command("/bin/sh", append([]string{filepath.Join(root, "scripts", words[0])}, words[1:]...)...)
	command.Stdin = strings.NewReader(stdin)
	command.Env = append([]string{"PATH=" + folder, "HOME=" + folder}, environ...)
	out, err := command.CombinedOutput()
	made, _ := os.ReadFile(recorded) // it does not exist if nothing was called
	return strings.TrimSpace(string(made)), string(out), err
}

// checkout returns a folder with the scripts and the files that they copy, so that nothing of this
// checkout is changed.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"scripts/build", "scripts/deploy-aws", "scripts/deploy-scf", "scripts/goflags", "scripts/msgext", "functions/scf/web/scf_bootstrap",
		"serverless.yml", "functions/scf/repair/serverless.yml", "functions/scf/read/serverless.yml", "functions/scf/read/cam/serverless.yml", "functions/scf/apigateway/serverless.yml", "functions/scf/web/serverless.yml"} {
		content, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), content, 0o700))
	}
	return root
}
