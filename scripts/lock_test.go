package scripts_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every package that scripts/services installs has a hash, and every requested package is in the
// lock.
func TestLocks(t *testing.T) {
	for _, name := range []string{"moto", "sam", "shellcheck"} {
		t.Run(name, func(t *testing.T) {
			text := read(t, "services.d/"+name+".txt")
			blocks := regexp.MustCompile(`(?m)^[^\s#]`).FindAllStringIndex(text, -1)
			require.NotEmpty(t, blocks)
			for i, block := range blocks {
				end := len(text)
				if i+1 < len(blocks) {
					end = blocks[i+1][0]
				}
				assert.Regexp(t, `^[\w.-]+==\S+ (; [^\\]+ )?\\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+(\s*#.*\n)*$`, text[block[0]:end])
			}
			for line := range strings.Lines(read(t, "services.d/"+name+".in")) {
				pin := regexp.MustCompile(`\[.*\]`).ReplaceAllString(strings.TrimSpace(line), "")
				assert.Contains(t, text, "\n"+pin+" ", "scripts/lock %s was not run", name)
			}
		})
	}
	t.Run("serverless", func(t *testing.T) {
		type manifest struct{ Integrity, Version string }
		var asked struct{ Dependencies map[string]string }
		require.NoError(t, json.Unmarshal([]byte(read(t, "services.d/serverless/package.json")), &asked))
		var lock struct{ Packages map[string]manifest }
		require.NoError(t, json.Unmarshal([]byte(read(t, "services.d/serverless/package-lock.json")), &lock))
		for name, version := range asked.Dependencies {
			assert.Equal(t, version, lock.Packages["node_modules/"+name].Version, "%s: scripts/lock serverless was not run", name)
		}
		for name, locked := range lock.Packages {
			if name != "" { // the project itself
				assert.Regexp(t, `^sha512-[A-Za-z0-9+/]{86}==$`, locked.Integrity, name)
			}
		}
	})
	for _, name := range []string{"dynamodb", "kafka"} {
		t.Run(name, func(t *testing.T) {
			lock := read(t, "services.d/"+name+".sha256")
			for line := range strings.Lines(lock) {
				assert.Regexp(t, `^[0-9a-f]{64}  \S+\n$`, line)
			}
			var pom struct {
				Dependencies []struct {
					ArtifactID string `xml:"artifactId"`
					Version    string `xml:"version"`
				} `xml:"dependencies>dependency"`
			}
			require.NoError(t, xml.Unmarshal([]byte(read(t, "services.d/"+name+".xml")), &pom))
			require.NotEmpty(t, pom.Dependencies)
			for _, jar := range pom.Dependencies {
				assert.Contains(t, lock, "  "+jar.ArtifactID+"-"+jar.Version+".jar\n", "scripts/lock %s was not run", name)
			}
		})
	}
}

// scripts/services runs with stubs in place of the installers. It requests only the locked files.
// It installs again when a lock has changed, and only then. It refuses a jar whose content differs.
func TestServicesInstallWhatIsLocked(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(root, "scripts"), os.DirFS(".")))
	require.NoError(t, os.Chmod(filepath.Join(root, "scripts/services"), 0o700))
	stubs, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	for name, text := range map[string]string{
		// go builds the program that prints free ports.
		"go": `printf '#!/bin/sh\n' >"$4" && chmod +x "$4"`,
		// python3 makes an environment, whose pip is a stub too.
		"python3": `mkdir -p "$3/bin" && printf '#!/bin/sh\necho "pip $*" >>"$CALLS"\n' >"$3/bin/pip" && chmod +x "$3/bin/pip"`,
		"npm":     `echo "npm $* with $(cd "$3" && echo *)" >>"$CALLS"`,
		"java":    `exit 1`,
		"mvn":     `for last; do :; done; folder=${last#-DoutputDirectory=}; mkdir -p "$folder" && echo other >"$folder/log4j-api-2.25.4.jar"`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(stubs, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700))
	}
	services := func(arguments ...string) string {
		t.Helper()
		command := exec.Command(filepath.Join(root, "scripts/services"), arguments...)
		command.Env = append(os.Environ(), "PATH="+stubs+":"+os.Getenv("PATH"), "CALLS="+calls, "TMPDIR="+t.TempDir())
		out, err := command.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	cache := filepath.Join(root, ".services/cache")
	sam := "pip install -q --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r " + root + "/scripts/services.d/sam.txt\n"
	npm := "npm ci --prefix " + cache + "/serverless.part --ignore-scripts --no-audit --no-fund with package-lock.json package.json\n"

	out := services("up", "sam", "serverless")
	assert.Contains(t, out, "export TEST_SAM='"+cache+"/sam/bin'\n")
	assert.Contains(t, out, "export TEST_SERVERLESS='"+cache+"/serverless/node_modules'\n")
	assert.Equal(t, sam+npm, read(t, calls))

	services("down")
	services("up", "sam", "serverless")
	assert.Equal(t, sam+npm, read(t, calls), "nothing has changed")

	for _, name := range []string{"sam.txt", "serverless/package-lock.json"} {
		lock := filepath.Join(root, "scripts/services.d", name)
		require.NoError(t, os.WriteFile(lock, []byte(read(t, lock)+"\n"), 0o600))
	}
	services("down")
	services("up", "sam", "serverless")
	assert.Equal(t, sam+npm+sam+npm, read(t, calls))

	out = services("up", "kafka")
	assert.Contains(t, out, "the jars of kafka are not those of scripts/services.d/kafka.sha256")
	assert.NotContains(t, out, "TEST_KAFKA_BROKERS")
	assert.NoDirExists(t, filepath.Join(cache, "kafka"))
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}
