package mysqlstate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state/mysqlstate"
)

// A server without TLS gets no clear text, unless the URL allows it. The error says how to allow
// it.
func TestStore_RefusesAServerWithoutTLS(t *testing.T) {
	url, _ := schema(t)
	for _, tls := range []string{"true", "skip-verify"} {
		store := open(t, strings.Replace(url, "tls=false", "tls="+tls, 1))
		_, err := store.Load(t.Context(), msgext.Message{SDKAppID: "1400000000", GroupID: "g", MsgSeq: 1})
		require.ErrorIs(t, err, mysqlstate.ErrNoTLS)
		assert.ErrorContains(t, err, "?tls=false")
		assert.NotContains(t, err.Error(), "127.0.0.1")
		require.NoError(t, store.Close())
	}
}
