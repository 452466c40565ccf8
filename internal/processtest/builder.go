package processtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Builder compiles each main package once for all the tests of a test binary. What is up to date
// since another test binary or an earlier run is not linked again.
type Builder struct {
	shared string // the programs as they were last linked, by any test binary
	folder string // copies, which do not change while the tests run
	mu     sync.Mutex
	built  map[string]string
}

// Main runs a package's tests with a Builder, and removes what only they use.
func Main(m *testing.M, use func(*Builder)) int {
	folder, err := os.MkdirTemp("", "msgext-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// An error does no harm, because the system clears its temporary folder as well.
	defer func() { _ = os.RemoveAll(folder) }()
	cache, err := os.UserCacheDir()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	use(&Builder{shared: filepath.Join(cache, "msgext-test"), folder: folder, built: make(map[string]string)})
	return m.Run()
}

// Build returns the binary of a main package of this module. main is its path from the module's
// root, such as functions/aws/webhook.
func (b *Builder) Build(t testing.TB, main string) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if binary, ok := b.built[main]; ok {
		return binary
	}
	binary := filepath.Join(b.folder, strings.ReplaceAll(main, "/", "-"))
	b.link(t, main, binary)
	lookAtSources(t, main)
	b.built[main] = binary
	return binary
}

// link builds the shared program and copies it. No other test binary builds it at the same time.
func (b *Builder) link(t testing.TB, main, binary string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(b.shared, 0o700))
	shared := filepath.Join(b.shared, filepath.Base(binary))
	lock, err := os.OpenFile(shared+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer func() { _ = lock.Close() }() // which also unlocks it
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	// -w, because a third of the time to link goes into what only a debugger reads.
	goCommand(t, main, "build", "-buildvcs=false", "-ldflags=-w", "-o", shared)
	program, err := os.ReadFile(shared)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, program, 0o700))
}

// lookAtSources asks for the state of every file of this module from which a program is built.
// `go test` reuses a result until something has changed that the test has looked at, and it does
// not see what another process has read.
func lookAtSources(t testing.TB, main string) {
	t.Helper()
	const ofModule = `{{with .Module}}{{if .Main}}{{with $}}{{$folder := .Dir}}{{$folder}}{{range .GoFiles}}
{{$folder}}/{{.}}{{end}}{{range .EmbedFiles}}
{{$folder}}/{{.}}{{end}}{{end}}{{end}}{{end}}`
	sources := strings.Split(goCommand(t, main, "list", "-deps", "-f", ofModule), "\n")
	for _, source := range append(sources, filepath.Join(root(), "go.mod"), filepath.Join(root(), "go.sum")) {
		if source == "" {
			continue // a package of another module
		}
		_, err := os.Stat(source)
		require.NoError(t, err)
	}
}

// goCommand runs the go command for a main package and returns what it prints.
func goCommand(t testing.TB, main, verb string, flags ...string) string {
	t.Helper()
	// -C looks at a main package of the bench module within that module.
	arguments := append([]string{verb, "-C", filepath.Join(root(), filepath.Dir(main))}, flags...)
	command := exec.Command("go", append(arguments, "./"+filepath.Base(main))...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "%s", &stderr)
	return string(out)
}

// root returns the folder of the module. It is the folder of the package under test or one above it
// that has functions: bench, a module within it, has none.
func root() string {
	folder, err := filepath.Abs(".")
	if err != nil {
		panic(err)
	}
	for {
		if info, err := os.Stat(filepath.Join(folder, "functions")); err == nil && info.IsDir() {
			return folder
		}
		above := filepath.Dir(folder)
		if above == folder {
			panic("processtest: not within the module")
		}
		folder = above
	}
}
