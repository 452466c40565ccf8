package receiver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

// now is the time of the vendor's published signature.
var now = time.Unix(1669872112, 0)

// clock runs from now at the speed of the synctest bubble in which it is called. The bubble's own
// time starts in 2000, too early for a RequestTime of ten digits.
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
			store := memstate.New()
			options.Now, options.Store = func() time.Time { return at }, store

			reply := httptest.NewRecorder()
			request := httptest.NewRequest(vector.Request.Method, vector.URL("http://example.com", at), strings.NewReader(vector.Request.Body))
			receiver.New(options).ServeHTTP(reply, request)

			assert.Equal(t, vector.Want.Status, reply.Code)
			assert.JSONEq(t, string(vector.Want.Reply), reply.Body.String())
			assert.Equal(t, "application/json", reply.Header().Get("Content-Type"))
			if reply.Code == http.StatusMethodNotAllowed {
				assert.Equal(t, "POST", reply.Header().Get("Allow"))
			}
			line := lines.only(t)
			assert.Equal(t, vector.Want.Reason, line["reason"])

			doubts, applied := kept(t, store)
			switch {
			case vector.Want.Doubts != "":
				assert.Equal(t, []string{vector.Want.Doubts}, doubts)
				assert.Empty(t, applied)
				assert.Equal(t, "doubted", line["effect"])
			case line["reason"] == "body breaks the contract":
				assert.Empty(t, append(doubts, applied...))
				assert.Equal(t, "lost", line["effect"])
			case line["reason"] == "delivered":
				assert.Empty(t, doubts)
				assert.Len(t, applied, 1)
				assert.NotContains(t, line, "effect")
			default:
				assert.Empty(t, append(doubts, applied...))
				assert.NotContains(t, line, "effect")
			}
		})
	}
}

// kept returns the paths of a store's messages. Messages that have only a doubt are returned
// separately.
func kept(t *testing.T, store state.Store) (doubts, applied []string) {
	t.Helper()
	page, err := store.Each(t.Context(), "", 1000)
	require.NoError(t, err)
	require.False(t, page.More)
	for _, head := range page.Heads {
		if head.Check.Doubted != 0 {
			assert.Equal(t, msgext.Progress{}, head.Progress, "nothing else of the body is kept")
			assert.False(t, head.Check.Due.IsZero())
			doubts = append(doubts, head.Message.Path())
		} else {
			applied = append(applied, head.Message.Path())
		}
	}
	return doubts, applied
}

// Tolerated faults are in the line by field and rule, without the content.
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
