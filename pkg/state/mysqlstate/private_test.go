package mysqlstate_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

// No error names the database's address or the user.
func TestStore_ErrorsNameNoAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	for _, host := range []string{address, "planted-name.invalid:3306"} {
		store, err := mysqlstate.Open(secret.String("mysql://planted-user:planted-password@" + host + "/planted-database?tls=false"))
		require.NoError(t, err)
		_, err = store.Load(t.Context(), statetest.NewMessage())
		require.Error(t, err)
		for _, private := range []string{"127.0.0.1", port, "planted"} {
			assert.NotContains(t, err.Error(), private)
		}
		require.NoError(t, store.Close())
	}
}
