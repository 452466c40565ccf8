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

// What was tolerated stands in the line by field and rule. The content does not.
func TestReceiver_LogsWhatItTolerated(t *testing.T) {
	want := map[string][]any{
		"sample-group-set":         nil,
		"lenient-time-text":        nil,
		"lenient-time-unreadable":  {"EventTime: not an integer"},
		"lenient-time-object":      {"EventTime: not an integer"},
		"lenient-time-negative":    {"EventTime: negative"},
		"lenient-value-surrogate":  {"ExtensionList[0].Value: not Unicode text"},
		"lenient-value-byte":       {"ExtensionList[0].Value: not Unicode text"},
		"lenient-unread-surrogate": nil,
	}
	for _, vector := range vectortest.Load(t) {
		tolerated, ok := want[vector.Name]
		if !ok {
			continue
		}
		delete(want, vector.Name)
		options, lines := logged(options())
		request := httptest.NewRequest(vector.Request.Method, vector.URL("http://example.com", now), strings.NewReader(vector.Request.Body))
		receiver.New(options).ServeHTTP(httptest.NewRecorder(), request)
		line := lines.only(t)
		assert.Equal(t, "accepted", line["fate"], vector.Name)
		if tolerated == nil {
			assert.NotContains(t, line, "tolerated", vector.Name)
		} else {
			assert.Equal(t, tolerated, line["tolerated"], vector.Name)
		}
	}
	assert.Empty(t, want, "vectors that are not there")
}
