package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Arguments with which a script runs until it calls a program.
var arguments = map[string]string{
	"build": "out", "deploy-scf": "", "forget": "g1 10", "invoke": "webhook", "lock": "sam", "read": "g1 10", "rename-module": "example.com/msgext",
	"schema": "postgres://127.0.0.1/x", "send": "http://127.0.0.1", "services": "up sam",
}

// Each script works in its own checkout, whatever CDPATH is, and also if it is called by a symbolic
// link. It builds in a checkout whose git does not answer.
func TestScriptsFindTheirCheckout(t *testing.T) {
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		script := entry.Name()
		if entry.IsDir() || strings.Contains(script, ".") {
			continue
		}
		t.Run(script, func(t *testing.T) {
			for _, way := range []string{"CDPATH", "link", "link to a link"} {
				place := newPlace(t)
				command, folder := "scripts/"+script, place.root
				switch way {
				case "link":
					command, folder = filepath.Join(place.caller, "link"), place.caller
					require.NoError(t, os.Symlink(filepath.Join(place.root, "scripts", script), command))
				case "link to a link":
					command, folder = "./link", place.caller
					require.NoError(t, os.Symlink(filepath.Join(place.root, "scripts", script), filepath.Join(place.caller, "first")))
					require.NoError(t, os.Symlink("first", filepath.Join(place.caller, "link")))
				}
				calls, output := place.run(t, folder, command, strings.Fields(arguments[script])...)
				require.NotEmpty(t, calls, "%s: %s", way, output)
				for _, call := range calls {
					inside := strings.HasPrefix(call, place.root) || strings.Contains(call, " -C "+place.root+" ")
					assert.True(t, inside, "%s: %s", way, call)
					assert.NotContains(t, call, place.decoy, way)
					if strings.Contains(call, "go build") || strings.Contains(call, "go tool -C") || strings.Contains(call, "sam build") {
						assert.Contains(t, call, "-buildvcs=false", way)
					}
				}
			}
		})
	}
}

// The comment at a script's top says what it does, and -h only prints that. So -h needs no program
// but those that print. The scripts of the operator's tool pass -h on to it.
func TestScripts_TellWhatTheyDo(t *testing.T) {
	scripts, err := filepath.Glob("*")
	require.NoError(t, err)
	tried := 0
	for _, script := range scripts {
		content, err := os.ReadFile(script)
		if err != nil || !strings.HasPrefix(string(content), "#!/bin/sh\n") {
			continue
		}
		tried++
		t.Run(script, func(t *testing.T) {
			if strings.Contains(string(content), "\nexec \"$") || script == "msgext" {
				calls, output := newPlace(t).run(t, ".", "./"+script, "-h")
				assert.Len(t, calls, 1, "the tool is built, and asked")
				assert.Contains(t, output, "the program runs in")
				return
			}
			for _, flag := range []string{"-h", "--help"} {
				folder := t.TempDir()
				for _, program := range []string{"sh", "sed"} {
					path, err := exec.LookPath(program)
					require.NoError(t, err)
					require.NoError(t, os.Symlink(path, filepath.Join(folder, program)))
				}
				path, err := filepath.Abs(script)
				require.NoError(t, err)
				command := exec.Command(path, flag)
				command.Env, command.Dir = []string{"PATH=" + folder}, folder
				output, err := command.CombinedOutput()
				require.NoError(t, err, "%s", output)
				lines := strings.Split(string(content), "\n")
				assert.True(t, strings.HasPrefix(string(output), strings.TrimPrefix(lines[1], "# ")+"\n"), "%s", output)
				assert.NotContains(t, string(output), "set -eu")
				left, err := os.ReadDir(folder)
				require.NoError(t, err)
				assert.Len(t, left, 2)
			}
		})
	}
	assert.GreaterOrEqual(t, tried, 20)
}

// A relative path is relative to the caller's folder: of a database, of a certificate, of the
// folder to build into.
func TestRelativePathsAreTheCallers(t *testing.T) {
	for _, script := range []string{"read", "forget", "schema", "msgext"} {
		t.Run(script, func(t *testing.T) {
			place := newPlace(t)
			_, output := place.run(t, place.caller, filepath.Join(place.root, "scripts", script), "g1", "10")
			assert.Contains(t, output, "the program runs in "+place.caller+"\n")
		})
	}
	t.Run("build", func(t *testing.T) {
		place := newPlace(t)
		calls, output := place.run(t, place.caller, filepath.Join(place.root, "scripts/build"), "out")
		require.NotEmpty(t, calls, output)
		assert.Contains(t, firstBuild(t, calls), " -o "+place.caller+"/out/aws-webhook/bootstrap ")
		assert.DirExists(t, filepath.Join(place.caller, "out"))
		assert.NoDirExists(t, filepath.Join(place.root, "out"))
	})
	t.Run("build without one", func(t *testing.T) {
		place := newPlace(t)
		calls, _ := place.run(t, place.caller, filepath.Join(place.root, "scripts/build"))
		require.NotEmpty(t, calls)
		assert.Contains(t, firstBuild(t, calls), " -o "+place.root+"/dist/aws-webhook/bootstrap ")
	})
}

// firstBuild returns the first call that builds a program.
func firstBuild(t *testing.T, calls []string) string {
	t.Helper()
	i := slices.IndexFunc(calls, func(call string) bool { return strings.Contains(call, "go build ") })
	require.GreaterOrEqual(t, i, 0, "%v", calls)
	return calls[i]
}

// place holds a checkout, another project that CDPATH names, and the caller's folder.
type place struct{ root, decoy, caller, stubs string }

func newPlace(t *testing.T) place {
	t.Helper()
	above, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	place := place{filepath.Join(above, "checkout"), filepath.Join(above, "other"), filepath.Join(above, "caller"), filepath.Join(above, "stubs")}
	for _, folder := range []string{place.root + "/functions/scf/webhook", place.root + "/pkg", place.root + "/internal", place.root + "/bench", place.decoy + "/scripts/services.d", place.decoy + "/bench", place.caller, place.stubs} {
		require.NoError(t, os.MkdirAll(folder, 0o700))
	}
	require.NoError(t, os.CopyFS(filepath.Join(place.root, "scripts"), os.DirFS(".")))
	scripts, err := filepath.Glob(filepath.Join(place.root, "scripts/*"))
	require.NoError(t, err)
	for _, script := range scripts {
		require.NoError(t, os.Chmod(script, 0o700))
	}
	// As after a first deployment.
	require.NoError(t, os.WriteFile(place.root+"/samconfig.toml", nil, 0o600))
	require.NoError(t, os.WriteFile(place.root+"/CHANGELOG.md", []byte("## 1.2.3\n\n- Something.\n"), 0o600))
	require.NoError(t, os.WriteFile(place.root+"/pkg/a_test.go", []byte("func FuzzA\n"), 0o600))
	// Every program records where it was called and fails, so that the script stops. Only Go
	// succeeds: it builds a program that does the same.
	text := "#!/bin/sh\necho \"$PWD: ${0##*/} $*, GOFLAGS=${GOFLAGS:-}\" >>\"$CALLS\"\n"
	for _, name := range []string{"sam", "scf", "git", "python3", "npm", "mvn", "docker", "apt-get"} {
		require.NoError(t, os.WriteFile(filepath.Join(place.stubs, name), []byte(text+"exit 1\n"), 0o700))
	}
	// Credentials are valid.
	require.NoError(t, os.WriteFile(filepath.Join(place.stubs, "aws"), []byte("#!/bin/sh\n"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(place.stubs, "tool"), []byte("#!/bin/sh\necho \"the program runs in $PWD\"\n"), 0o700))
	text += "[ \"$4\" != -n ] || { echo \"${0%/*}/tool\"; exit; }\n" // for go tool -C ROOT -n NAME
	text += "for last; do [ \"$built\" != -o ] || { printf '#!/bin/sh\\necho \"the program runs in $PWD\"\\n' >\"$last\"; chmod +x \"$last\"; exit; }; built=$last; done; exit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(place.stubs, "go"), []byte(strings.Replace(text, "for last", "[ \"$1\" != list ] || exit 0; built=; for last", 1)), 0o700))
	return place
}

// run returns which programs a script called, and what it wrote.
func (p place) run(t *testing.T, folder, script string, arguments ...string) (calls []string, output string) {
	t.Helper()
	recorded := filepath.Join(p.stubs, "calls")
	command := exec.Command(script, arguments...)
	command.Dir = folder
	command.Env = []string{"PATH=" + p.stubs + ":" + os.Getenv("PATH"), "HOME=" + p.caller, "TMPDIR=" + t.TempDir(), "CALLS=" + recorded, "CDPATH=" + p.decoy,
		"AWS_ACCESS_KEY_ID=id", "AWS_REGION=eu-central-1", "TENCENT_SECRET_ID=id", "TENCENT_SECRET_KEY=key", "TENCENT_REGION=ap-singapore", "MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "VERSION=v1.2.3"}
	out, _ := command.CombinedOutput() // most scripts end with the first program that fails
	made, _ := os.ReadFile(recorded)
	return strings.FieldsFunc(string(made), func(r rune) bool { return r == '\n' }), string(out)
}
