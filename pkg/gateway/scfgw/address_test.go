package scfgw_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
	"msgext/pkg/gateway/scfgw"
)

// An API gateway reports where a request comes from. A function URL only has a header, which a
// client can write, too.
func TestAdapter_Address(t *testing.T) {
	var address string
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { address = r.RemoteAddr })
	for _, sample := range sample.Events("scf") {
		want := "192.0.2.10"
		if sample.Shape == "function-url" {
			want = ""
		}
		_, err := scfgw.New(handler, http.NotFoundHandler()).Invoke(t.Context(), sample.Payload)
		require.NoError(t, err)
		assert.Equal(t, want, address, sample.Shape)
	}
}
