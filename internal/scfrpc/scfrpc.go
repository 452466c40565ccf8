// Package scfrpc is SCF's side of a function: it hands events to a started Go1 binary over the runtime's RPC, Go's
// net/rpc with scf-go-lib's own messages.
package scfrpc

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/rpc"
	"time"

	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
)

// PortVariable names the port that a function listens on.
const PortVariable = "_LAMBDA_SERVER_PORT"

const retryEvery = 10 * time.Millisecond

// FreePort returns a loopback port on which nothing listens at the moment.
func FreePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// Client is a connection to one function. It is safe for concurrent use.
type Client struct{ rpc *rpc.Client }

// Dial connects to a function as soon as it listens on an address, or until the context ends.
func Dial(ctx context.Context, address string) (*Client, error) {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return &Client{rpc.NewClient(connection)}, nil
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("the function does not listen: %w", err)
		}
	}
}

// Close closes the connection.
func (c *Client) Close() error { return c.rpc.Close() }

// Invoke hands the function an event and returns its response. The function's variables come with each invocation,
// as on the platform. Its error is the function's, or the connection's.
func (c *Client) Invoke(payload []byte, variables map[string]string, deadline time.Time) ([]byte, error) {
	environment, err := json.Marshal(variables)
	if err != nil {
		return nil, err
	}
	request := &messages.InvokeRequest{
		Payload: payload, RequestId: "request-1", Environment: string(environment),
		Deadline: messages.InvokeRequest_Timestamp{Seconds: deadline.Unix(), Nanos: int64(deadline.Nanosecond())},
	}
	var response messages.InvokeResponse
	if err := c.rpc.Call("Function.Invoke", request, &response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, fmt.Errorf("function failed: %s", response.Error.Message)
	}
	return response.Payload, nil
}
