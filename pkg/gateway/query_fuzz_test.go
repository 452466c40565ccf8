package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"msgext/pkg/gateway"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/gateway/scfgw"
)

// pair is a name and a value as the sender meant them. A bare one has no equals sign.
type pair struct {
	name, value string
	bare        bool
}

// FuzzQuery_EncodedAgain checks the gateways that decode a query: encoded again, it must decode to
// the same pairs in the order of the event, because a backend behind the relay computes its
// signature over what it reads there.
func FuzzQuery_EncodedAgain(f *testing.F) {
	f.Add("Sign", "ab", "cd", "own", "a b&c=d+e%20;#")
	f.Add("", "", "=", "&", "\x00\r\n好\U0001f600\ufffd")
	f.Add("%41", "%", "a", "b", "")
	f.Fuzz(func(t *testing.T, first, one, two, second, three string) {
		for _, text := range []string{first, one, two, second, three} {
			if !utf8.ValidString(text) {
				t.Skip("an event is UTF-8")
			}
		}
		if first == second {
			t.Skip("a name stands in an event once")
		}
		quoted := func(text string) string {
			encoded, err := json.Marshal(text)
			require.NoError(t, err)
			return string(encoded)
		}
		list := "{" + quoted(first) + ":[" + quoted(one) + "," + quoted(two) + "]," + quoted(second) + ":"
		all := []pair{{first, one, false}, {first, two, false}, {second, three, false}}
		bare := []pair{{first, one, false}, {first, two, false}, {second, "", true}}

		rest := `{"httpMethod":"POST","path":"/","multiValueQueryStringParameters":` + list + "[" + quoted(three) + "]}}"
		require.Equal(t, all, pairsOf(t, queryOf(t, awsgw.New, rest)))
		scf := `{"httpMethod":"POST","path":"/","queryString":` + list
		require.Equal(t, all, pairsOf(t, queryOf(t, scfgw.New, scf+quoted(three)+"}}")))
		require.Equal(t, bare, pairsOf(t, queryOf(t, scfgw.New, scf+"true}}")))
	})
}

// queryOf returns the raw query that an adapter makes from an event. It must be valid in a request
// line.
func queryOf(t *testing.T, adapter func(handler, malformed http.Handler) *gateway.Adapter, event string) (query string) {
	t.Helper()
	malformed := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { require.Fail(t, "malformed", event) })
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { query = r.URL.RawQuery })
	_, err := adapter(handler, malformed).Invoke(t.Context(), []byte(event))
	require.NoError(t, err)
	for i := range len(query) {
		require.True(t, query[i] > ' ' && query[i] < 0x7f && query[i] != '#', query)
	}
	return query
}

func pairsOf(t *testing.T, query string) (pairs []pair) {
	t.Helper()
	for _, text := range strings.Split(query, "&") {
		name, value, found := strings.Cut(text, "=")
		name, err := url.QueryUnescape(name)
		require.NoError(t, err)
		value, err = url.QueryUnescape(value)
		require.NoError(t, err)
		pairs = append(pairs, pair{name, value, !found})
	}
	return pairs
}
