package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
	"msgext/pkg/gateway"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/gateway/scfgw"
)

// breaks returns the event, malformed in every possible way.
func breaks(t *testing.T, event []byte) map[string][]byte {
	with := func(name string, value any) []byte {
		var members map[string]any
		require.NoError(t, json.Unmarshal(event, &members))
		members[name] = value
		broken, err := json.Marshal(members)
		require.NoError(t, err)
		return broken
	}
	first := func(member string) []byte { return append([]byte("{"+member+","), event[1:]...) }
	var members map[string]any
	require.NoError(t, json.Unmarshal(event, &members))
	members["body"], members["isBase64Encoded"] = "{", true
	noBase64, err := json.Marshal(members)
	require.NoError(t, err)
	return map[string][]byte{
		"method of another type":    with("httpMethod", 7),
		"body of another type":      with("body", map[string]any{"a": 1}),
		"flagged base64 but not so": noBase64,
		"a name twice":              first(`"twice":1,"twice":2`),
		"a header twice":            first(`"x":{"Host":"a","Host":"b"}`),
		"nested too deep":           with("x", json.RawMessage(nested(100))),
		"something after it":        append(append([]byte{}, event...), '}'),
		"cut short":                 event[:len(event)-2],
	}
}

func nested(depth int) string {
	text := "1"
	for range depth {
		text = "[" + text + "]"
	}
	return text
}

// The query of an invalid event still names the command, so that its reply need not block a user.
func TestAdapter_AMalformedEventKeepsItsQuery(t *testing.T) {
	const command = "Group.CallbackBeforeSendMsg"
	request := sample.Request{
		Method: http.MethodPost, Path: "/", RawQuery: "SdkAppid=1400000000&CallbackCommand=" + command + "&own=a%26b", Body: `{"a":"b"}`,
	}
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { assert.Fail(t, "the event is malformed") })
	var query url.Values
	malformed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Zero(t, r.ContentLength)
		w.WriteHeader(http.StatusBadRequest)
	})
	for _, platform := range []struct {
		adapter *gateway.Adapter
		events  []sample.Event
	}{
		{awsgw.New(handler, malformed), sample.AWSEvents(request)},
		{scfgw.New(handler, malformed), sample.SCFEvents(request)},
	} {
		for _, event := range platform.events {
			for name, broken := range breaks(t, event.Payload[:len(event.Payload)-1]) { // without the encoder's line end
				query = nil
				response, err := platform.adapter.Invoke(t.Context(), broken)
				require.NoError(t, err)
				status, _, err := sample.Unwrap(response)
				require.NoError(t, err)
				assert.Equal(t, http.StatusBadRequest, status, "%s, %s", event.Shape, name)
				if name == "cut short" && query["CallbackCommand"] == nil {
					continue // the query may be in the missing part
				}
				assert.Equal(t, []string{command}, query["CallbackCommand"], "%s, %s", event.Shape, name)
			}
		}
	}
}
