// Package scfrpc is SCF's side of a function: it hands events to a started Go1 binary over the
// runtime's RPC, Go's net/rpc with scf-go-lib's own messages.
package scfrpc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/rpc"
	"time"

	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"

	"msgext/internal/port"
)

// PortVariable names the port that a function listens on.
const PortVariable = "_LAMBDA_SERVER_PORT"

// Client is a connection to one function. It is safe for concurrent use.
type Client struct{ rpc *rpc.Client }

// Dial connects to a function as soon as it listens on an address, or until the context ends.
func Dial(ctx context.Context, address string) (*Client, error) {
	connection, err := port.Await(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("the function: %w", err)
	}
	return &Client{rpc.NewClient(connection)}, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.rpc.Close() }

// Invoke hands the function an event and returns its response. The function's variables come with
// each invocation, as on the platform. Its error is the function's, or the connection's.
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
