package reader_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// document loads docs/openapi.yaml and checks it, including its examples, against the
// specification.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	return doc
}

// Every answer of the handler, header and body, is in the document, and the handler gives every
// answer that is in the document.
func TestOpenAPI_IsTheHandler(t *testing.T) {
	doc := document(t)
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	const token = "0123456789abcdef0123456789abcdef"
	store := fill(t)
	poll := msgext.Event{Message: msgext.Message{SDKAppID: app, GroupID: "poll", MsgSeq: 1}, Operation: msgext.Set, Seq: 4}
	for key, value := range map[string]string{"alice_0": "0", "bob_0": "0_1", "closed": "1"} {
		poll.KeyValues = append(poll.KeyValues, msgext.KeyValue{Key: key, Value: value, Seq: 4})
	}
	require.NoError(t, store.Apply(t.Context(), poll, time.UnixMilli(1), state.MarkLater)) // versions 1 to 3 are missing
	up := reader.New(reader.Options{Store: store, SDKAppID: app, Tokens: []secret.String{token}})
	down := reader.New(reader.Options{SDKAppID: app, Tokens: []secret.String{token}, Store: stub(func(context.Context, msgext.Message) (state.Record, error) {
		return state.Record{}, errors.New("down")
	})})
	etag := func(target string) string {
		return ask(t, up, http.MethodGet, target, "Authorization", "Bearer "+token).Header().Get("ETag")
	}

	const (
		groups     = "/api/groups/{GroupId}/messages/{MsgSeq}/extensions"
		c2c        = "/api/c2c/{From_Account}/{To_Account}/messages/{MsgKey}/extensions"
		extensions = "/api/extensions"
	)
	tests := []struct {
		path      string
		there     string
		notThere  string
		malformed string
	}{
		{groups, "/api/groups/poll/messages/1/extensions", "/api/groups/poll/messages/2/extensions", "/api/groups/poll/messages/x/extensions"},
		{c2c, "/api/c2c/../bob%2F1/messages/1_2_3/extensions", "/api/c2c/a/b/messages/c/extensions", "/api/c2c/a/b/messages/c/extensions?tally=x"},
		{extensions, "/api/extensions?GroupId=poll&MsgSeq=1", "/api/extensions?From_Account=a&To_Account=b&MsgKey=c", "/api/extensions?GroupId=poll"},
	}
	answered := make(map[string]bool) // path, method, status
	for _, test := range tests {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			withTally := func(tally string) string {
				if strings.Contains(test.there, "?") {
					return test.there + "&tally=" + tally
				}
				return test.there + "?tally=" + tally
			}
			for _, request := range []struct {
				handler http.Handler
				target  string
				want    int
				header  []string
			}{
				{up, test.there, 200, []string{"Authorization", "Bearer " + token}},
				{up, withTally("values"), 200, []string{"Authorization", "Bearer " + token}},
				{up, withTally("poll"), 200, []string{"Authorization", "Bearer " + token}},
				{up, test.there, 304, []string{"Authorization", "Bearer " + token, "If-None-Match", etag(test.there)}},
				{up, test.malformed, 400, []string{"Authorization", "Bearer " + token}},
				{up, test.there, 401, nil},
				{up, test.notThere, 404, []string{"Authorization", "Bearer " + token}},
				{down, test.there, 503, []string{"Authorization", "Bearer " + token}},
			} {
				sent := httptest.NewRequestWithContext(t.Context(), method, request.target, nil)
				for i := 0; i < len(request.header); i += 2 {
					sent.Header.Set(request.header[i], request.header[i+1])
				}
				route, parameters, err := router.FindRoute(sent)
				require.NoError(t, err)
				require.Equal(t, test.path, route.Path)
				input := &openapi3filter.RequestValidationInput{
					Request: sent, PathParams: parameters, Route: route,
					Options: &openapi3filter.Options{
						IncludeResponseStatus: true, ExcludeResponseBody: method == http.MethodHead,
						AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
					},
				}
				if err := openapi3filter.ValidateRequest(t.Context(), input); request.want != 400 {
					assert.NoError(t, err, request.target)
				}
				got := httptest.NewRecorder()
				request.handler.ServeHTTP(got, sent)
				name := fmt.Sprintf("%s %s %d", test.path, method, got.Code)
				assert.Equal(t, request.want, got.Code, "%s %s: %s", method, request.target, got.Body)
				answered[name] = true
				assert.NoError(t, openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
					RequestValidationInput: input, Status: got.Code, Header: got.Header(), Body: io.NopCloser(bytes.NewReader(got.Body.Bytes())),
				}), name)
				described := route.Operation.Responses.Status(got.Code)
				require.NotNil(t, described, name)
				headers := map[string]bool{"Content-Type": described.Value.Content != nil}
				for header := range described.Value.Headers {
					headers[http.CanonicalHeaderKey(header)] = true
				}
				for header := range got.Header() {
					assert.True(t, headers[header], "%s: %s is not described", name, header)
				}
			}
		}
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				described = append(described, path+" "+method+" "+status)
			}
		}
	}
	slices.Sort(described)
	for _, name := range described {
		assert.True(t, answered[name], "the document has %s, which no request was answered", name)
	}
	assert.Len(t, answered, len(described))
}

// The gap is a header and, in a tally, a field. The document's schemas allow no other fields, so an
// undocumented field would be noticed.
func TestOpenAPI_SeesAFieldMore(t *testing.T) {
	doc := document(t)
	for name, body := range map[string]map[string]any{
		"Failure":    {"ActionStatus": "FAIL", "ErrorInfo": "x", "ErrorCode": 1.0},
		"ValueTally": {"values": []any{}, "keys": 0.0, "LatestSeq": 1.0, "Gap": false},
		"PollTally":  {"options": []any{}, "voters": 0.0, "closed": false, "LatestSeq": 1.0, "Gap": false},
	} {
		schema := doc.Components.Schemas[name].Value
		assert.NoError(t, schema.VisitJSON(body, openapi3.EnableJSONSchema2020()), name)
		body["More"] = true
		assert.Error(t, schema.VisitJSON(body, openapi3.EnableJSONSchema2020()), name)
	}
}
