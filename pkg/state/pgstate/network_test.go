package pgstate_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
)

func TestStore_Network(t *testing.T) {
	sqlstatetest.RunNetwork(t, func(t *testing.T) sqlstatetest.Server {
		url, conn := schema(t)
		return sqlstatetest.Server{
			URL: url + "&application_name=behind",
			Open: func(url secret.String, now func() time.Time) (state.Store, error) {
				return pgstate.OpenAt(t.Context(), url, now)
			},
			End: func(t *testing.T) { endConnections(t, conn) },
		}
	})
}

// endConnections ends the connections of stores behind a network. The other tests have connections
// of their own.
func endConnections(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	_, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'behind'")
	require.NoError(t, err)
}
