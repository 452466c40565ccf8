package pgstate_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/statetest"
)

// database applies the schema, twice, and returns the URL.
func database(t testing.TB) string {
	t.Helper()
	url := peertest.Address(t, peertest.Postgres)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	for range 2 {
		_, err = conn.Exec(t.Context(), pgstate.Schema)
		require.NoError(t, err)
	}
	require.NoError(t, conn.Close(t.Context()))
	return url
}

func TestStore(t *testing.T) {
	url := database(t)
	statetest.Run(t, func(t *testing.T) state.Store {
		store, err := pgstate.Open(t.Context(), secret.String(url))
		require.NoError(t, err)
		return store
	})
}
