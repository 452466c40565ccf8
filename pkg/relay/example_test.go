package relay_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"msgext/pkg/relay"
	"msgext/pkg/secret"
)

func Example() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorInfo":"no links, please","ErrorCode":120001}`)
	}))
	defer backend.Close()
	passOn, err := relay.New(relay.Options{URL: secret.String(backend.URL)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = passOn.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := passOn.Do(ctx, relay.Request{
		RawQuery: "SdkAppid=1400000000&CallbackCommand=C2C.CallbackBeforeSendMsg",
		Body:     []byte(`{"CallbackCommand":"C2C.CallbackBeforeSendMsg"}`),
	})
	fmt.Println(answer.Status, string(answer.Body), err)
	// Output: 200 {"ActionStatus":"OK","ErrorInfo":"no links, please","ErrorCode":120001} <nil>
}
