// Package vectortest gives the requests of testdata/vectors to tests: requests as Chat or an
// attacker sends them, each with the reply it must get. The receiver's tests send them with a fixed
// clock, and the process tests with the real one.
package vectortest

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
)

// The app and the token with which the vectors' requests are signed. The token is the vendor's
// example (trtc.io/document/34354).
const (
	SDKAppID = sample.VectorsSDKAppID
	Token    = sample.PublishedToken
)

// Vector is one file.
type Vector struct{ sample.Vector }

// Query returns the raw query as it is sent at a moment.
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

// Load returns all vectors by name. It fails where a vector lacks a comment or a source.
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

// Named returns the vector with a name.
func Named(t testing.TB, name string) Vector {
	t.Helper()
	vectors := Load(t)
	i := slices.IndexFunc(vectors, func(v Vector) bool { return v.Name == name })
	require.GreaterOrEqual(t, i, 0, "no vector %s", name)
	return vectors[i]
}
