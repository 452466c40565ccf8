package main

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
)

func TestUsage(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		args    []string
		status  int
		want    string
	}{
		{"nothing", signed, nil, exitUsage, "a verb is missing\nusage: msgext"},
		{"unknown", signed, []string{"other"}, exitUsage, `unknown command "other"`},
		{"misspelt", signed, []string{"replya"}, exitUsage, "replay"},
		{"an unknown flag", signed, []string{"read", "--taly", "poll", "g", "1"}, exitUsage, "unknown flag: --taly\nusage: msgext read"},
		{"no URL", signed, []string{"send"}, exitUsage, "usage: msgext send"},
		{"no scheme", signed, []string{"send", "example.com"}, exitUsage, "https://"},
		{"no token", nil, []string{"send", "http://127.0.0.1:1"}, exitUsage, "MSGEXT_TOKEN"},
		{"no sample", signed, []string{"send", "http://127.0.0.1:1", "none"}, exitUsage, "sample-group-set"},
		{"a misspelt sample", signed, []string{"send", "http://127.0.0.1:1", "sample-grup-set"}, exitUsage, "did you mean sample-group-set?"},
		{"a misspelt variable", []string{"MSGEXT_TOKN=t"}, []string{"send", "http://127.0.0.1:1"}, exitUsage, "MSGEXT_TOKN: unknown variable; did you mean MSGEXT_TOKEN?"},
		{"no function", signed, []string{"invoke", "other", "binary"}, exitUsage, "usage: msgext invoke"},
		{"no way", signed, []string{"sam", "build", "other", "program"}, exitUsage, "usage: msgext sam"},
		{"a message and a key", signed, []string{"forget", "--key", "alice", "g", "1"}, exitUsage, "usage: msgext forget"},
		{"an empty key", signed, []string{"forget", "--key", ""}, exitUsage, "--key is empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := try(t, test.environ, "", test.args...)
			assert.Equal(t, test.status, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, test.want)
		})
	}
}

// With -h a verb only prints its help, whatever else the line has. The help has an example, fits
// into 100 columns, and has a space or a line break after each sentence.
func TestVerbs_ShowHowTheyAreUsed(t *testing.T) {
	for _, verb := range verbs(console{}) {
		t.Run(verb.Name(), func(t *testing.T) {
			t.Chdir(t.TempDir())
			environ := []string{"MSGEXT_STATE=sqlite:made.db", "MSGEXT_SDK_APP_ID=1"}
			status, stdout, stderr := try(t, environ, "", verb.Name(), "g", "1", "-h")
			assert.Equal(t, exitOK, status)
			assert.Empty(t, stderr)
			assert.Contains(t, stdout, "msgext "+verb.Name())
			assert.Contains(t, stdout, "Examples:\n")
			for line := range strings.Lines(stdout) {
				assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 100, line)
				assert.NotRegexp(t, `[\pL)][.!?]\p{Lu}`, line)
			}
			left, err := os.ReadDir(".")
			require.NoError(t, err)
			assert.Empty(t, left)
			assert.NotEmpty(t, verb.Short)
		})
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		status, stdout, stderr := try(t, nil, "", "completion", shell)
		assert.Equal(t, exitOK, status, stderr)
		assert.Contains(t, stdout, "__complete", shell)
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"a verb", []string{"rep"}, "replay\t"},
		{"a sample", []string{"send", "http://127.0.0.1", ""}, "sample-group-set\t"},
		{"an event", []string{"event", ""}, "aws/http-v2\n"},
		{"a sample in an event", []string{"event", "aws/http-v2", ""}, "other-after\t"},
		{"a function", []string{"invoke", ""}, "webhook\n"},
		{"a flag's value", []string{"read", "--tally", ""}, "poll\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := try(t, nil, "", append([]string{"__complete"}, test.args...)...)
			assert.Equal(t, exitOK, status, stderr)
			assert.Contains(t, stdout, test.want)
		})
	}
}

// The exit status is the process's own, and standard output has only the answer.
func TestProcess_ExitStatus(t *testing.T) {
	environ := []string{"MSGEXT_STATE=sqlite:" + t.TempDir() + "/none.db", "MSGEXT_SDK_APP_ID=1"}
	tests := []struct {
		args   string
		status int
		want   string // on standard output
	}{
		{"version", exitOK, "msgext "},
		{"--version", exitOK, "msgext "},
		{"-h", exitOK, "The operator's tool"},
		{"read g 1", exitFailed, ""},
		{"read g", exitUsage, ""},
		{"urls -x", exitUsage, ""},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			status, stdout, stderr := processtest.Exit(t, environ, binaries.Build(t, "cmd/msgext"), strings.Fields(test.args)...)
			assert.Equal(t, test.status, status, stderr)
			assert.True(t, strings.HasPrefix(stdout, test.want), stdout)
			assert.Equal(t, test.want == "", stdout == "")
			assert.Equal(t, test.status == exitOK, stderr == "")
		})
	}
}
