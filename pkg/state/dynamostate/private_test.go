package dynamostate_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// No error names the table's address, its name, or the credentials that were used.
func TestStore_ErrorsNameNoAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := "http://" + listener.Addr().String()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	for _, endpoint := range []string{closed, "http://planted-name.invalid:8000"} {
		store := open(t, aws.Config{Region: "eu-central-1", Credentials: credentials, BaseEndpoint: &endpoint}, "planted-table")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		m := statetest.NewMessage()
		_, loaded := store.Load(ctx, m)
		for _, err := range []error{loaded, store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow), store.MarkSeen(ctx, m, 1)} {
			require.Error(t, err)
			for _, private := range []string{"127.0.0.1", port, "planted", "SecretAccessKey"} {
				assert.NotContains(t, err.Error(), private)
			}
		}
	}
}
