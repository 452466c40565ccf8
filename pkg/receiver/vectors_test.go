package receiver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/internal/vectortest"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// now is the second of the vendor's published signature.
var now = time.Unix(1669872112, 0)

// clock goes on from now at the pace of the bubble it is called in, whose own time starts in 2000:
// too early for a RequestTime of ten digits.
func clock() func() time.Time {
	started := time.Now()
	return func() time.Time { return now.Add(time.Since(started)) }
}

func options() receiver.Options {
	return receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: vectortest.SDKAppID, Tokens: []secret.String{vectortest.Token}},
		Now:      func() time.Time { return now },
	}
}

func TestReceiver_Vectors(t *testing.T) {
	for _, vector := range vectortest.Load(t) {
		t.Run(vector.Name, func(t *testing.T) {
			at := now
			if vector.Name == "auth-published-stale" {
				at = now.Add(time.Hour)
			}
			options, lines := logged(options())
			options.Now = func() time.Time { return at }

			reply := httptest.NewRecorder()
			request := httptest.NewRequest(vector.Request.Method, vector.URL("http://example.com", at), strings.NewReader(vector.Request.Body))
			receiver.New(options).ServeHTTP(reply, request)

			assert.Equal(t, vector.Want.Status, reply.Code)
			assert.JSONEq(t, string(vector.Want.Reply), reply.Body.String())
			assert.Equal(t, "application/json", reply.Header().Get("Content-Type"))
			if reply.Code == http.StatusMethodNotAllowed {
				assert.Equal(t, "POST", reply.Header().Get("Allow"))
			}
			assert.Equal(t, vector.Want.Reason, lines.only(t)["reason"])
		})
	}
}
