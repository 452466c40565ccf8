package sink_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The consumers in docs/sinks.md are parts of the compiled examples, indentation aside.
func TestDocs_ConsumersAreCompiledExamples(t *testing.T) {
	docs, err := os.ReadFile("../../docs/sinks.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*/example_test.go")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 4)
	var examples strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		examples.WriteString(unindented(string(content)))
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(docs), -1)
	assert.Len(t, blocks, 4, "one for each destination but stdout")
	for _, block := range blocks {
		assert.True(t, strings.Contains(examples.String(), unindented(block[1])), "not in an example:\n%s", block[1])
	}
}

func unindented(code string) string {
	lines := strings.Split(code, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}
