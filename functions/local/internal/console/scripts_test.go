package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Scripts must not import each other in a circle. Such scripts are hard to read, and the order in
// which they run is accidental.
func TestScripts_ImportWithoutCircles(t *testing.T) {
	files, err := filepath.Glob("static/*.js")
	require.NoError(t, err)
	imports := make(map[string][]string)
	pattern := regexp.MustCompile(`(?m)^import .* from "\./(.*)";$`)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		name := filepath.Base(file)
		for _, match := range pattern.FindAllSubmatch(content, -1) {
			imports[name] = append(imports[name], string(match[1]))
		}
	}
	require.NotEmpty(t, imports["main.js"])

	var visit func(name string, above []string)
	visit = func(name string, above []string) {
		if !assert.False(t, slices.Contains(above, name), "circle: %v, %s", above, name) {
			return
		}
		for _, imported := range imports[name] {
			visit(imported, append(slices.Clone(above), name))
		}
	}
	visit("main.js", nil)
}
