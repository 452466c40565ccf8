// Package processtest builds and runs the product's own binaries: the Lambda functions against
// a Runtime API server, the SCF functions over their RPC, the local process over HTTP.
package processtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startTimeout bounds how long a process may take to be ready, on a loaded machine.
const startTimeout = 60 * time.Second

// process is a running binary whose output is kept.
type process struct {
	command *exec.Cmd
	done    chan struct{}
	stdout  output
	stderr  output
}

// start runs a binary with the given environment only, and stops it at the test's end.
func start(t testing.TB, environ []string, binary string, args ...string) *process {
	t.Helper()
	p := &process{command: exec.Command(binary, args...), done: make(chan struct{})}
	p.command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, environ...)
	p.command.Dir = t.TempDir()
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	require.NoError(t, p.command.Start())
	go func() {
		_ = p.command.Wait() // the exit status is read from ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // an error says that it has already ended
		<-p.done
	})
	return p
}

// Signal sends the process a signal that ends it, and returns its exit status.
func (p *process) Signal(t testing.TB, signal os.Signal) int {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(signal))
	select {
	case <-p.done:
	case <-time.After(startTimeout):
		require.FailNow(t, "the process does not stop", p.stderr.String())
	}
	return p.command.ProcessState.ExitCode()
}

// PID is the process's number.
func (p *process) PID() int { return p.command.Process.Pid }

// kill ends the process at once.
func (p *process) kill(t testing.TB) {
	t.Helper()
	require.NoError(t, p.command.Process.Kill())
	<-p.done
}

// output is what a process has written so far. It is safe for concurrent use.
type output struct {
	mu      sync.Mutex
	buffer  bytes.Buffer
	changed chan struct{}
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.buffer.Write(p)
}

// String returns everything so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// find waits until the output matches and returns the submatches.
func (o *output) find(ctx context.Context, pattern *regexp.Regexp) ([]string, error) {
	for {
		o.mu.Lock()
		match := pattern.FindStringSubmatch(o.buffer.String())
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		if match != nil {
			return match, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("never printed %s: %w", pattern, ctx.Err())
		}
	}
}

// lines splits what a process has written.
func lines(text string) []string {
	var all []string
	scanner := bufio.NewScanner(bytes.NewReader([]byte(text)))
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		all = append(all, scanner.Text())
	}
	return all
}

// Exit runs a binary to its end and returns its exit status and what it wrote.
func Exit(t testing.TB, environ []string, binary string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	p := start(t, environ, binary, args...)
	select {
	case <-p.done:
	case <-time.After(startTimeout):
		require.FailNow(t, "the process does not end", p.stderr.String())
	}
	return p.command.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()
}

var errGone = errors.New("the process has ended")

func readAll(r io.Reader) []byte {
	content, _ := io.ReadAll(r) // whatever could be read is compared by the test
	return content
}
