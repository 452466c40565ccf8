package processtest

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Local is a running local process.
type Local struct {
	*process
	URL string
}

var (
	serving = regexp.MustCompile(`msgext serves on (http://\S+):`)
	kept    = regexp.MustCompile(`look at it on (http://\S+)/console/`)
)

// StartLocal runs the local binary on a free port and waits until it serves.
func StartLocal(t testing.TB, binary string, environ []string, args ...string) *Local {
	t.Helper()
	return startLocal(t, serving, binary, environ, args)
}

// StartKept runs the local binary with a simulation after which it stays up. It waits until the
// simulation is over.
func StartKept(t testing.TB, binary string, environ []string, args ...string) *Local {
	t.Helper()
	return startLocal(t, kept, binary, environ, args)
}

func startLocal(t testing.TB, up *regexp.Regexp, binary string, environ, args []string) *Local {
	t.Helper()
	l := &Local{process: start(t, environ, binary, append([]string{"-addr", "127.0.0.1:0"}, args...)...)}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	match, err := l.stderr.find(ctx, up)
	require.NoError(t, err, l.stderr.String())
	l.URL = match[1]
	return l
}

// Server is a running server.
type Server struct {
	*Local
	Admin string // the URL for operators
}

// StartWebFunction runs the folder of a web function as SCF does: by its scf_bootstrap, with only
// its own variables, on a free port. It waits until the function serves.
func StartWebFunction(t testing.TB, folder string, environ []string) *Local {
	t.Helper()
	l := &Local{process: start(t, append([]string{"PORT=0"}, environ...), filepath.Join(folder, "scf_bootstrap"))}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	match, err := l.stderr.find(ctx, serving)
	require.NoError(t, err, l.stderr.String())
	// The process listens on every address.
	l.URL = strings.Replace(match[1], "[::]", "127.0.0.1", 1)
	return l
}

var operating = regexp.MustCompile(`msgext admin on (http://\S+):`)

// StartServer runs the server on free ports, with repair every second, and waits until it serves.
func StartServer(t testing.TB, binary string, environ []string, args ...string) *Server {
	t.Helper()
	l := StartLocal(t, binary, environ, append([]string{"-admin-addr", "127.0.0.1:0", "-repair-every", "1s"}, args...)...)
	match := operating.FindStringSubmatch(l.Greeting())
	require.NotNil(t, match, l.Greeting())
	return &Server{Local: l, Admin: match[1]}
}

// Events returns the lines on standard output.
func (l *Local) Events() []string { return lines(l.stdout.String()) }

// Greeting returns what the process has written for people, and its log.
func (l *Local) Greeting() string { return l.stderr.String() }

// Await waits until the process has written a text to stderr.
func (l *Local) Await(t testing.TB, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	_, err := l.stderr.find(ctx, regexp.MustCompile(regexp.QuoteMeta(text)))
	require.NoError(t, err, l.stderr.String())
}

// Stop ends the process gently and returns its exit status.
func (l *Local) Stop(t testing.TB) int { return l.Signal(t, syscall.SIGTERM) }

// Kill ends the process at once, as a crash would.
func (l *Local) Kill(t testing.TB) { l.kill(t) }
