package start

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/rpc"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tencentyun/scf-go-lib/cloudfunction"
	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
	"github.com/tencentyun/scf-go-lib/functioncontext"

	"msgext/internal/port"
)

type handlerFunc func(ctx context.Context, payload []byte) ([]byte, error)

func (f handlerFunc) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f(ctx, payload)
}

// connect returns a client of the platform's side. It is Go's own net/rpc.
func connect(t *testing.T, address string) *rpc.Client {
	t.Helper()
	connection, err := port.Await(t.Context(), address)
	require.NoError(t, err)
	client := rpc.NewClient(connection)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// ours runs this package.
func ours(t *testing.T, handler Handler) *rpc.Client {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() { _ = serve(listener, handler) }()
	return connect(t, listener.Addr().String())
}

// vendors runs scf-go-lib, which can be started once in a process and never ends. So each test
// gives it another handler.
func vendors(t *testing.T, handler Handler) *rpc.Client {
	t.Helper()
	if vendor.address == "" {
		address, err := port.Free()
		require.NoError(t, err)
		t.Setenv(portVariable, port.Number(address))
		vendor.address = address
		go cloudfunction.StartHandler(&vendor)
	}
	vendor.handler = handler
	return connect(t, vendor.address)
}

type changing struct {
	address string
	handler Handler
}

func (c *changing) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return c.handler.Invoke(ctx, payload)
}

var vendor changing

// errOrdinary has no name of its own, and a fault has.
var errOrdinary = errors.New("ordinary")

type fault struct{}

func (*fault) Error() string { return "a fault" }

// Every test runs against both, because a difference is a fault of ours.
func TestFunction_DoesWhatTheVendorsDoes(t *testing.T) {
	for name, connected := range map[string]func(*testing.T, Handler) *rpc.Client{"ours": ours, "the vendor's": vendors} {
		t.Run(name, func(t *testing.T) {
			deadline := time.Now().Add(time.Hour).UTC()
			invocation := messages.InvokeRequest{
				Payload: []byte("payload"), RequestId: "request-1", Namespace: "default", FunctionName: "webhook", FunctionVersion: "3",
				Deadline:    messages.InvokeRequest_Timestamp{Seconds: deadline.Unix(), Nanos: int64(deadline.Nanosecond())},
				Environment: `{"MSGEXT_TEST_A":"1","MSGEXT_TEST_B":"ä"}`,
			}
			for _, name := range []string{"MSGEXT_TEST_A", "MSGEXT_TEST_B"} {
				t.Setenv(name, "before")
			}
			client := connected(t, handlerFunc(func(ctx context.Context, payload []byte) ([]byte, error) {
				switch string(payload) {
				case "error":
					return []byte("ignored"), errOrdinary
				case "fault":
					return nil, new(fault)
				case "panic":
					panic("the reason")
				case "nothing":
					return nil, nil
				}
				until, _ := ctx.Deadline()
				of, _ := functioncontext.FromContext(ctx)
				return json.Marshal([]any{
					string(payload), until.UnixNano() == deadline.UnixNano(), of.RequestID, of.Namespace, of.FunctionName, of.FunctionVersion, of.Environment,
					os.Getenv("MSGEXT_TEST_A"), os.Getenv("MSGEXT_TEST_B"),
				})
			}))
			invoke := func(payload string) messages.InvokeResponse {
				invocation, response := invocation, messages.InvokeResponse{}
				invocation.Payload = []byte(payload)
				require.NoError(t, client.Call("Function.Invoke", &invocation, &response))
				return response
			}

			require.NoError(t, client.Call("Function.Ping", &messages.PingRequest{}, &messages.PingResponse{}))
			response := invoke("payload")
			assert.Nil(t, response.Error)
			assert.JSONEq(t, `["payload", true, "request-1", "default", "webhook", "3", {"MSGEXT_TEST_A":"1","MSGEXT_TEST_B":"ä"}, "1", "ä"]`, string(response.Payload))
			assert.Equal(t, messages.InvokeResponse{}, invoke("nothing"))
			assert.Equal(t, messages.InvokeResponse{Error: &messages.InvokeResponse_Error{Message: "ordinary", Type: "errorString"}}, invoke("error"))
			assert.Equal(t, messages.InvokeResponse{Error: &messages.InvokeResponse_Error{Message: "a fault", Type: "fault"}}, invoke("fault"))
			response = invoke("panic")
			require.NotNil(t, response.Error)
			assert.NotEmpty(t, response.Error.StackTrace)
			response.Error.StackTrace = nil
			assert.Equal(t, messages.InvokeResponse{Error: &messages.InvokeResponse_Error{Message: "the reason", Type: "string", ShouldExit: true}}, response)

			var missing rpc.ServerError
			assert.ErrorAs(t, client.Call("Function.Other", &invocation, &response), &missing)
			assert.ErrorAs(t, client.Call("Function.Invoke", 5, &response), &missing, "a body of another type")
			invocation.Environment = "{"
			broken := invoke("payload")
			require.NotNil(t, broken.Error)
			assert.NotEmpty(t, broken.Error.Message)
			invocation.Environment = ""
			assert.Nil(t, invoke("payload").Error, "the connection is still good")
		})
	}
}

func TestFunction_AnInvocationKeepsNoOtherWaiting(t *testing.T) {
	for name, connected := range map[string]func(*testing.T, Handler) *rpc.Client{"ours": ours, "the vendor's": vendors} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			client := connected(t, handlerFunc(func(_ context.Context, payload []byte) ([]byte, error) {
				if string(payload) == "first" {
					<-release
				}
				return payload, nil
			}))
			until := messages.InvokeRequest_Timestamp{Seconds: time.Now().Add(time.Hour).Unix()}
			var first, second messages.InvokeResponse
			call := client.Go("Function.Invoke", &messages.InvokeRequest{Payload: []byte("first"), Deadline: until}, &first, nil)
			require.NoError(t, client.Call("Function.Invoke", &messages.InvokeRequest{Payload: []byte("second"), Deadline: until}, &second))
			close(release)
			require.NoError(t, (<-call.Done).Error)
			assert.Equal(t, "first", string(first.Payload))
			assert.Equal(t, "second", string(second.Payload))
		})
	}
}
