package pkg_test

import (
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every package that another program may import must say who it is for, and have an example. Test
// suites need no example, because the drivers' tests show their use.
func TestPublicPackages(t *testing.T) {
	found := 0
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == "." {
			return err
		}
		if entry.Name() == "internal" || entry.Name() == "testdata" {
			return fs.SkipDir
		}
		files, err := filepath.Glob(path + "/*.go")
		require.NoError(t, err)
		comment, examples := "", 0
		for _, file := range files {
			syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			require.NoError(t, err)
			if strings.HasSuffix(file, "_test.go") {
				examples += len(doc.Examples(syntax))
			} else if syntax.Doc != nil {
				comment += strings.Join(strings.Fields(syntax.Doc.Text()), " ")
			}
		}
		if comment == "" {
			return nil // a folder that only has folders
		}
		found++
		assert.Contains(t, comment, "It is for ", path)
		assert.Contains(t, comment, "Its API is v0: it may change with any release.", path)
		assert.True(t, examples > 0 || strings.HasSuffix(path, "test"), "%s has no example", path)
		return nil
	}))
	require.NotZero(t, found)
}
