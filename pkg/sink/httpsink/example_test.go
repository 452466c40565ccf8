package httpsink_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/sink/httpsink"
)

// An endpoint that verifies the signature and applies what it is told.
func Example_consumer() {
	verifier, err := standardwebhooks.NewWebhook("whsec_bmV3IHNlY3JldCBvZiB0aGVzZSB0ZXN0cw==")
	if err != nil {
		panic(err)
	}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || verifier.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		event, err := cloudevent.Decode(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if change, err := event.Change(); err == nil {
			for _, kv := range change.KeyValues {
				fmt.Println(event.ID(), change.Operation, kv.Key, kv.Value)
			}
		}
	}))
	defer endpoint.Close()

	s, err := httpsink.New(httpsink.Options{URL: secret.String(endpoint.URL), Secrets: []secret.String{"whsec_bmV3IHNlY3JldCBvZiB0aGVzZSB0ZXN0cw=="}})
	if err != nil {
		panic(err)
	}
	change, err := msgext.Decode("1400000000", msgext.GroupCommand, []byte(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension",
		"GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"alice","Value":"option 2","Seq":56}],"Seq":56}`))
	if err != nil {
		panic(err)
	}
	event, err := cloudevent.New(change, time.Now())
	if err != nil {
		panic(err)
	}
	if err := s.Send(context.Background(), event); err != nil {
		panic(err)
	}
	// Output: 1400000000/test/10/56/25df1a753754d1ff set alice option 2
}
