package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"msgext/pkg/gateway"
)

// A platform's Shape says where its event has the parts of a request, and how it expects the reply.
func Example() {
	shape := gateway.Shape{
		Request: func(_ context.Context, event gateway.Event) gateway.Request {
			return gateway.Request{
				ID: event.Context.RequestID, Method: event.Method, Path: event.Path, RawQuery: event.RawQuery,
				Header: event.Header, Body: event.Body,
			}
		},
		Reply: func(_ gateway.Event, response *gateway.Response) []byte {
			body, isBase64 := response.Body()
			b := append([]byte(`{"status":`), strconv.Itoa(response.Status())...)
			b = gateway.AppendString(append(b, `,"body":`...), body)
			b = strconv.AppendBool(append(b, `,"base64":`...), isBase64)
			return append(b, '}')
		},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s of %s: %s", r.Method, r.URL, gateway.RequestID(r.Context()), body)
	})
	malformed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "malformed", http.StatusBadRequest)
	})
	adapter := gateway.NewAdapter(shape, handler, malformed)

	for _, event := range []string{
		`{"httpMethod":"POST","path":"/webhook","rawQueryString":"a=1","body":"aGVsbG8=","isBase64Encoded":true,"requestContext":{"requestId":"7"}}`,
		`[]`,
	} {
		reply, err := adapter.Invoke(context.Background(), []byte(event))
		fmt.Println(string(reply), err)
	}
	// Output:
	// {"status":200,"body":"POST /webhook?a=1 of 7: hello","base64":false} <nil>
	// {"status":400,"body":"malformed\n","base64":false} <nil>
}
