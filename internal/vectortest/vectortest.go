// Package vectortest brings testdata/vectors to tests: requests as Chat or an attacker would send
// them, each with the reply it must get. The receiver's tests read them with a fixed clock,
// the process tests with the real one.
package vectortest

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
)

// What the vectors' requests are signed with and for. The token is the vendor's own
// example (trtc.io/document/34354).
const (
	SDKAppID = sample.VectorsSDKAppID
	Token    = sample.PublishedToken
)

// Vector is one file.
type Vector struct{ sample.Vector }

// Query returns the raw query as it would be sent at a moment.
func (v Vector) Query(at time.Time) string { return v.Vector.Query(SDKAppID, Token, at) }

// URL returns the request's URL below a base such as http://127.0.0.1:8080.
func (v Vector) URL(base string, at time.Time) string {
	u := url.URL{Path: v.Request.Path}
	address := base + u.EscapedPath()
	if query := v.Query(at); query != "" {
		address += "?" + query
	}
	return address
}

// Load returns all vectors by name. It fails where one does not say what it is and where it is
// from.
func Load(t testing.TB) []Vector {
	t.Helper()
	read := sample.Vectors()
	vectors := make([]Vector, len(read))
	for i, vector := range read {
		require.NotEmpty(t, vector.Comment, vector.Name)
		require.NotEmpty(t, vector.Source, vector.Name)
		vectors[i] = Vector{vector}
	}
	return vectors
}

// Named returns the vector of a name.
func Named(t testing.TB, name string) Vector {
	t.Helper()
	vectors := Load(t)
	i := slices.IndexFunc(vectors, func(v Vector) bool { return v.Name == name })
	require.GreaterOrEqual(t, i, 0, "no vector %s", name)
	return vectors[i]
}
