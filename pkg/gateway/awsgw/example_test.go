package awsgw_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"msgext/pkg/gateway/awsgw"
)

func Example() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s: %s", r.Method, r.URL, body)
	})
	malformed := http.NotFoundHandler() // for events that make no sense
	adapter := awsgw.New(handler, malformed)

	reply, err := adapter.Invoke(context.Background(), []byte(`{"version":"2.0","rawPath":"/webhook","rawQueryString":"a=1","requestContext":{"http":{"method":"POST"}},"body":"hello"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var response struct {
		StatusCode int
		Body       string
	}
	fmt.Println(json.Unmarshal(reply, &response), response.StatusCode, response.Body)
	// Output: <nil> 200 POST /webhook?a=1: hello
}
