package processtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/rpc"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
)

// SCF is a running SCF function, spoken to in scf-go-lib's own messages.
type SCF struct {
	*process
	client      *rpc.Client
	environment string
	timeout     time.Duration
}

// StartSCF runs an SCF binary. The function's variables come with each invocation, as on the
// platform; every invocation gets timeout before its deadline.
func StartSCF(t testing.TB, binary string, timeout time.Duration, variables map[string]string) *SCF {
	t.Helper()
	environment, err := json.Marshal(variables)
	require.NoError(t, err)
	port := freePort(t)
	s := &SCF{
		process:     start(t, []string{"_LAMBDA_SERVER_PORT=" + strconv.Itoa(port)}, binary),
		environment: string(environment), timeout: timeout,
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	s.client = dial(ctx, t, "127.0.0.1:"+strconv.Itoa(port))
	t.Cleanup(func() { _ = s.client.Close() })
	return s
}

func dial(ctx context.Context, t testing.TB, address string) *rpc.Client {
	t.Helper()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return rpc.NewClient(connection)
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			require.NoError(t, err, "the function does not listen")
		}
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// Invoke hands the function an event and returns its response. Its error is the function's.
func (s *SCF) Invoke(payload []byte) ([]byte, error) {
	deadline := time.Now().Add(s.timeout)
	request := &messages.InvokeRequest{
		Payload: payload, RequestId: "request-1", Environment: s.environment,
		Deadline: messages.InvokeRequest_Timestamp{Seconds: deadline.Unix(), Nanos: int64(deadline.Nanosecond())},
	}
	var response messages.InvokeResponse
	if err := s.client.Call("Function.Invoke", request, &response); err != nil {
		return nil, fmt.Errorf("%w: %s", err, s.stderr.String())
	}
	if response.Error != nil {
		return nil, fmt.Errorf("function failed: %s", response.Error.Message)
	}
	return response.Payload, nil
}

// Log returns what the function has written.
func (s *SCF) Log() string { return s.stdout.String() + s.stderr.String() }
