package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The answers of govulncheck v1.9.0, and the result of each. A database that cannot be reached is
// reported and is no failure. Any other error is a failure.
func TestVulncheck(t *testing.T) {
	tests := []struct {
		name, prints string
		exit, want   int
		says         string
	}{
		{"nothing found", "No vulnerabilities found.", 0, 0, "No vulnerabilities found.\n"},
		{"found", "Your code is affected by 1 vulnerability from 1 module.", 3, 3, "Your code is affected by 1 vulnerability"},
		{"unreachable", `govulncheck: fetching vulnerabilities: Get "https://vuln.go.dev/index/modules.json.gz": dial tcp: lookup vuln.go.dev: no such host`, 1, 0, "known vulnerabilities were NOT looked for\n"},
		{"does not compile", "govulncheck: loading packages: there are errors", 1, 1, "loading packages"},
		{"found, and it names the words", "#1: x.go: govulncheck: fetching vulnerabilities:", 3, 3, "#1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stubs := t.TempDir()
			text := "#!/bin/sh\n[ \"$1 $2\" = 'tool govulncheck' ] || exit 9\necho \"$PRINTS\" >&2\nexit $EXIT\n"
			require.NoError(t, os.WriteFile(filepath.Join(stubs, "go"), []byte(text), 0o700))
			command := exec.Command("./vulncheck")
			command.Env = append(os.Environ(), "PATH="+stubs+":"+os.Getenv("PATH"), "PRINTS="+test.prints, "EXIT="+string(rune('0'+test.exit)))
			out, _ := command.CombinedOutput() // the status is checked below
			assert.Equal(t, test.want, command.ProcessState.ExitCode())
			assert.Contains(t, string(out), test.says)
		})
	}
}
