// Package vectortest loads testdata/vectors: requests as Chat or an attacker would send
// them, each with the reply it must get. The receiver's tests read them with a fixed clock,
// the process tests with the real one.
package vectortest

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// What the vectors' requests are signed with and for. The token is the vendor's own
// example (trtc.io/document/34354).
const (
	SDKAppID               = "1400000000"
	Token    secret.String = "xxxxyyyy"
)

// Vector is one file. The query's placeholders are filled by Query.
type Vector struct {
	Name    string `json:"-"`
	Comment string `json:"comment"`
	Source  string `json:"source"`
	Request struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Query  string `json:"query"`
		Body   string `json:"body"`
	} `json:"request"`
	Want struct {
		Status int             `json:"status"`
		Reason string          `json:"reason"` // as logged
		Reply  json.RawMessage `json:"reply"`
	} `json:"want"`
}

var placeholder = regexp.MustCompile(`\{(TIME|SIGN)([+-]\d+)?(?::(\w+))?\}`)

// Query returns the raw query as it would be sent at a moment: {TIME} is its Unix
// seconds, {SIGN} the signature for them, either with an offset in seconds ({TIME-61}) and
// the signature with another token ({SIGN:token}).
func (v Vector) Query(at time.Time) string {
	return placeholder.ReplaceAllStringFunc(v.Request.Query, func(text string) string {
		match := placeholder.FindStringSubmatch(text)
		offset, _ := strconv.ParseInt(strings.TrimPrefix(match[2], "+"), 10, 64)
		seconds := strconv.FormatInt(at.Unix()+offset, 10)
		if match[1] == "TIME" {
			return seconds
		}
		token := Token
		if match[3] != "" {
			token = secret.String(match[3])
		}
		return webhook.Sign(token, seconds)
	})
}

// URL returns the request's URL below a base such as http://127.0.0.1:8080.
func (v Vector) URL(base string, at time.Time) string {
	u := url.URL{Path: v.Request.Path}
	address := base + u.EscapedPath()
	if query := v.Query(at); query != "" {
		address += "?" + query
	}
	return address
}

// Load returns all vectors by name. It fails where there are none.
func Load(t testing.TB) []Vector {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(here), "..", "..", "testdata", "vectors", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no vectors found")
	vectors := make([]Vector, len(files))
	for i, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(content, &vectors[i]), file)
		vectors[i].Name = strings.TrimSuffix(filepath.Base(file), ".json")
		require.NotEmpty(t, vectors[i].Comment, file)
		require.NotEmpty(t, vectors[i].Source, file)
	}
	return vectors
}
