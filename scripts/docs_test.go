package scripts_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each `go test` command in the documents must run a test. One once named a package from which the
// tests had moved, and `go test` reports that as ok.
func TestDocs_CommandsRunATest(t *testing.T) {
	documents, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	command := regexp.MustCompile("go test ([^`\n]+)")
	runs := regexp.MustCompile(`-run '?([^' ]+)'?`)
	commands := 0
	for _, document := range append(documents, "../README.md", "../CONTRIBUTING.md") {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range command.FindAllStringSubmatch(string(content), -1) {
			run := runs.FindStringSubmatch(match[1])
			if run == nil || run[1] == "^$" {
				continue
			}
			// The test of a subtest.
			top, _, _ := strings.Cut(strings.ReplaceAll(run[1], `\|`, "|"), "/")
			pattern, err := regexp.Compile(top)
			require.NoError(t, err, match[0])
			for _, word := range strings.Fields(match[1]) {
				if folder, found := strings.CutPrefix(word, "./"); found {
					commands++
					assert.True(t, hasTest(t, filepath.Join("..", strings.TrimSuffix(folder, "/...")), strings.HasSuffix(folder, "/..."), pattern), "%s: %s", document, match[0])
				}
			}
		}
	}
	assert.Greater(t, commands, 15)
}

// A row with a bar that is not escaped has more cells than its table, and loses its end, even where
// the bar stands in code.
func TestDocs_TableRowsHaveTheCellsOfTheirHead(t *testing.T) {
	documents, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	readmes, err := filepath.Glob("../*.md")
	require.NoError(t, err)
	rows := 0
	for _, document := range append(documents, readmes...) {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		head, fenced := 0, false
		for line := range strings.Lines(string(content)) {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
			}
			if fenced || !strings.HasPrefix(line, "|") {
				head = 0
				continue
			}
			cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
			if head == 0 {
				head = cells
			}
			rows++
			assert.Equal(t, head, cells, "%s: %s", document, line)
		}
	}
	assert.Greater(t, rows, 100)
}

// hasTest reports whether a package has a test of that name. With below it also looks into the
// packages below.
func hasTest(t *testing.T, folder string, below bool, pattern *regexp.Regexp) (found bool) {
	t.Helper()
	name := regexp.MustCompile(`(?m)^func ((?:Test|Example|Fuzz)\w*)\(`)
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != folder && !below:
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		content, err := os.ReadFile(path)
		for _, match := range name.FindAllStringSubmatch(string(content), -1) {
			found = found || pattern.MatchString(match[1])
		}
		return err
	}))
	return found
}
