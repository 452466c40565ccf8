package scripts_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With another path the module still builds and passes its checks, and a program of another module
// uses its public packages.
func TestRenameModule(t *testing.T) {
	const path = "example.com/some-team/msgext.v0"
	root := filepath.Join(t.TempDir(), "copy")
	copyTree(t, "..", root)
	old := module(t, root) + "/"
	// The copy has another folder each time. Without its name in the binaries, what was compiled in an
	// earlier run is still in the build cache.
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -trimpath")
	run(t, root, "scripts/rename-module", path)

	for _, folder := range []string{root, filepath.Join(root, "bench")} {
		for _, imported := range strings.Fields(run(t, folder, "go", "list", "-deps", "-test", "./...")) {
			assert.False(t, strings.HasPrefix(imported, old), "%s is still imported", imported)
		}
	}
	assert.Contains(t, run(t, root, "go", "list", "tool"), path+"/cmd/msgext\n", "scripts/msgext asks for it")
	run(t, root, "go", "test", "./pkg")

	outside := t.TempDir()
	program, err := os.ReadFile(filepath.Join(root, "scripts", "testdata", "outside", "main.go"))
	require.NoError(t, err)
	require.Contains(t, string(program), `"`+path+`/pkg/receiver"`)
	sums, err := os.ReadFile("../go.sum")
	require.NoError(t, err)
	for name, content := range map[string]string{
		"main.go": string(program), "go.sum": string(sums),
		"go.mod": "module example.org/outside\n\ngo 1.26.0\n\nrequire " + path + " v0.0.0\n\nreplace " + path + " => " + root + "\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(outside, name), []byte(content), 0o600))
	}
	// All dependencies are in the cache, because this test was built with them.
	out := run(t, outside, "env", "GOPROXY=off", "go", "run", "-mod=mod", ".")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3, out)
	assert.Contains(t, lines[0], `"id":"1400000000/test/10/1/`)
	assert.Equal(t, `200 {"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`, lines[1])
	assert.Equal(t, "[{alice option 2 1}]", lines[2])
}

// An invalid path is refused before anything is written.
func TestRenameModule_Refuses(t *testing.T) {
	root := filepath.Join(t.TempDir(), "copy")
	copyTree(t, "..", root)
	for _, arguments := range [][]string{nil, {"not a path"}, {"a", "b"}} {
		command := exec.Command("scripts/rename-module", arguments...)
		command.Dir = root
		assert.Error(t, command.Run(), "%q", arguments)
	}
	assert.Equal(t, module(t, ".."), module(t, root))
}

func module(t *testing.T, folder string) string {
	t.Helper()
	return strings.TrimSpace(run(t, folder, "go", "list", "-m"))
}

func run(t *testing.T, folder, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Dir = folder
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "%s %v: %s%s", name, arguments, out, &stderr)
	return string(out)
}

// copyTree copies all files but those that are built, hidden or large.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.Join(to, strings.TrimPrefix(path, from))
		if entry.IsDir() {
			if base := entry.Name(); path != from && (strings.HasPrefix(base, ".") || base == "dist" || base == "node_modules") {
				return fs.SkipDir
			}
			return os.MkdirAll(name, 0o700)
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(name, content, info.Mode().Perm()|0o200)
	}))
}
