package processtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/port"
	"msgext/internal/scfrpc"
)

// SCF is a running SCF function. The test talks to it in scf-go-lib's own messages.
type SCF struct {
	*process
	client    *scfrpc.Client
	variables map[string]string
	timeout   time.Duration
}

// StartSCF runs an SCF binary. The function's variables come with each invocation, as on the
// platform. The deadline of every invocation is timeout after its start.
func StartSCF(t testing.TB, binary string, timeout time.Duration, variables map[string]string) *SCF {
	t.Helper()
	s := &SCF{variables: variables, timeout: timeout}
	for range 10 { // another process may take the port first
		address, err := port.Free()
		require.NoError(t, err)
		s.process = start(t, []string{scfrpc.PortVariable + "=" + port.Number(address)}, binary)
		if s.client, err = s.dial(t, address); err == nil {
			t.Cleanup(func() { _ = s.client.Close() })
			return s
		}
	}
	require.FailNow(t, "the function does not listen", s.Log())
	return nil
}

// dial connects to the function as soon as it listens, or until it has ended.
func (s *SCF) dial(t testing.TB, address string) (*scfrpc.Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	go func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return scfrpc.Dial(ctx, address)
}

// Invoke hands the function an event and returns its response. Its error is the function's.
func (s *SCF) Invoke(payload []byte) ([]byte, error) {
	response, err := s.client.Invoke(payload, s.variables, time.Now().Add(s.timeout))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, s.stderr.String())
	}
	return response, nil
}

// Log returns what the function has written.
func (s *SCF) Log() string { return s.stdout.String() + s.stderr.String() }
