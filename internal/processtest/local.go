package processtest

import (
	"context"
	"regexp"
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

// StartKept runs the local binary for a simulation after which it stays up, and waits until that is over.
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

// Events returns the lines on standard output.
func (l *Local) Events() []string { return lines(l.stdout.String()) }

// Greeting returns what the process has written for people, and its log.
func (l *Local) Greeting() string { return l.stderr.String() }

// Stop ends the process gently and returns its exit status.
func (l *Local) Stop(t testing.TB) int { return l.Signal(t, syscall.SIGTERM) }

// Kill ends the process at once, as a crash would.
func (l *Local) Kill(t testing.TB) { l.kill(t) }
