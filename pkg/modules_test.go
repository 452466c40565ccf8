package pkg_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write functions/modules.txt anew")

const modulesFile = "../functions/modules.txt"

// The modules that each binary links are in a list, so that adding one to a function that holds
// secrets is a deliberate decision. scripts/reproducible compares the same list with what `go
// version -m` finds in the binaries.
func TestModules(t *testing.T) {
	linked := map[string][]string{} // module -> binaries
	t.Setenv("GOOS", "linux")
	t.Setenv("CGO_ENABLED", "0")
	for _, arch := range []string{"amd64", "arm64"} {
		t.Setenv("GOARCH", arch)
		moduleOf := map[string]string{} // package -> module
		links := map[string][]string{}  // binary -> packages
		for _, line := range goList(t, "-deps", "-tags", "lambda.norpc", "-f",
			`{{.ImportPath}}|{{with .Module}}{{if not .Main}}{{.Path}}{{with .Replace}}=>{{.Path}}{{end}}{{end}}{{end}}|`+
				`{{if eq .Name "main"}}{{.Dir}}|{{join .Deps " "}}{{end}}`, "./functions/...", "./cmd/...") {
			fields := strings.Split(line, "|")
			moduleOf[fields[0]] = fields[1]
			if main := fields[2]; main != "" {
				binary := "cmd/" + path.Base(main)
				if _, function, ok := strings.Cut(main, "/functions/"); ok {
					binary = function
				}
				links[binary] = strings.Fields(fields[3])
			}
		}
		for binary, packages := range links {
			for _, path := range packages {
				if module := moduleOf[path]; module != "" && !slices.Contains(linked[module], binary) {
					linked[module] = append(linked[module], binary)
				}
			}
		}
	}
	require.Contains(t, linked["github.com/aws/aws-lambda-go"], "aws/webhook")

	lines := []string{"# Module, and the binaries that link it: those under functions, and the tool. Written by: go test ./pkg -run Modules -update"}
	for _, module := range slices.Sorted(maps.Keys(linked)) {
		slices.Sort(linked[module])
		lines = append(lines, fmt.Sprintf("%-66s %s", module, strings.Join(linked[module], " ")))
	}
	if *update {
		require.NoError(t, os.WriteFile(modulesFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	}
	listed, err := os.ReadFile(modulesFile)
	require.NoError(t, err)
	assert.Equal(t, lines, strings.Split(strings.TrimSpace(string(listed)), "\n"),
		"a binary links other modules than functions/modules.txt says: where that is wanted, go test ./pkg -run Modules -update")
}
