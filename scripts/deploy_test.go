package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The deploying scripts, with stubs in place of the programs that they call: what they ask for
// before anything is built or sent, and what they then call.
func TestDeploy(t *testing.T) {
	scf := []string{"TENCENT_SECRET_ID=id", "TENCENT_SECRET_KEY=very-secret", "TENCENT_REGION=ap-singapore", "MSGEXT_SDK_APP_ID=1400000000", "MSGEXT_TOKEN=very-secret"}
	aws := []string{"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=very-secret", "AWS_REGION=eu-central-1"}
	tests := []struct {
		name    string
		script  string
		environ []string
		stubs   string
		says    string
		calls   []string // none: it stops before
	}{
		{"aws without Go", "deploy-aws", aws, "sam", "Go is missing: install Go", nil},
		{"aws without SAM", "deploy-aws", aws, "go", "the SAM CLI is missing: pip install aws-sam-cli", nil},
		{"aws without credentials", "deploy-aws", nil, "go sam", "no AWS credentials: set AWS_ACCESS_KEY_ID", nil},
		{"aws without region", "deploy-aws", aws[:2], "go sam", "no region: set AWS_REGION", nil},
		{"aws with credentials that fail", "deploy-aws", aws, "go sam false-aws", "no valid AWS credentials: aws configure", nil},
		{"aws", "deploy-aws", aws, "go sam aws", "TokenSecret and ChatSecret are names in Secrets Manager",
			[]string{"aws sts get-caller-identity", "sam build, region eu-central-1", "sam deploy --guided --capabilities CAPABILITY_IAM, region eu-central-1",
				"sam list stack-outputs --output json, region eu-central-1", `msgext urls [{"OutputKey":"WebhookURL"}]`}},
		{"aws with arguments", "deploy-aws --stack-name votes --no-confirm-changeset --region eu-west-1", aws, "go sam", "",
			[]string{"sam build, region eu-central-1", "sam deploy --stack-name votes --no-confirm-changeset --region eu-west-1, region eu-central-1",
				"sam list stack-outputs --output json --stack-name votes --region eu-west-1, region eu-central-1", `msgext urls [{"OutputKey":"WebhookURL"}]`}},

		{"scf without Go", "deploy-scf", scf, "scf", "Go is missing: install Go", nil},
		{"scf without the framework", "deploy-scf", scf, "go", "npm install -g serverless-cloud-framework", nil},
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

// What the tool prints is kept by way of a pipe, whose end says nothing of how the tool ended.
func TestDeploy_FailsWithItsTool(t *testing.T) {
	environ := []string{"TENCENT_SECRET_ID=id", "TENCENT_SECRET_KEY=k", "TENCENT_REGION=ap-singapore", "MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_CHAT_SECRET_KEY=k"}
	calls, output, err := deploy(t, "deploy-scf", environ, []string{"go", "false-scf"})
	assert.Error(t, err)
	assert.Equal(t, "scf deploy, stage prod", calls)
	assert.Contains(t, output, "deployed", "what it printed is seen")
}

// deploy runs a script where only the stubs can be found, and returns what it called but for Go. A
// stub called false-NAME is a NAME that fails.
func deploy(t *testing.T, script string, environ, stubs []string) (calls, output string, err error) {
	t.Helper()
	folder := t.TempDir()
	for _, program := range []string{"sh", "dirname", "readlink", "mkdir", "wc", "awk", "tee", "mktemp", "rm", "cat", "cp", "chmod"} {
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
	command := exec.Command("/bin/sh", append([]string{filepath.Join(checkout(t), "scripts", words[0])}, words[1:]...)...)
	command.Env = append([]string{"PATH=" + folder, "HOME=" + folder}, environ...)
	out, err := command.CombinedOutput()
	made, _ := os.ReadFile(recorded) // there is none without a call
	return strings.TrimSpace(string(made)), string(out), err
}

// checkout is a folder with the scripts and what they copy alone, so that nothing of this one is touched.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"scripts/build", "scripts/deploy-aws", "scripts/deploy-scf", "scripts/msgext", "functions/scf/web/scf_bootstrap"} {
		content, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), content, 0o700))
	}
	return root
}
