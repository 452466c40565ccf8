package mysqlstate_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
)

func TestStore_Network(t *testing.T) {
	sqlstatetest.RunNetwork(t, func(t *testing.T) sqlstatetest.Server {
		url, db := schema(t)
		return sqlstatetest.Server{
			URL:  url,
			Open: func(url secret.String, now func() time.Time) (state.Store, error) { return mysqlstate.OpenAt(url, now) },
			End:  func(t *testing.T) { endConnections(t, db) },
		}
	})
}

// endConnections ends all connections to the test's database except one.
func endConnections(t *testing.T, db *sql.DB) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	rows, err := conn.QueryContext(t.Context(), "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
	require.NoError(t, err)
	var ids []int64
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(t, rows.Err())
	for _, id := range ids {
		_, err := conn.ExecContext(t.Context(), fmt.Sprint("KILL ", id))
		const ended = 1094 // it has ended by itself since
		if server, ok := errors.AsType[*mysql.MySQLError](err); !ok || server.Number != ended {
			require.NoError(t, err)
		}
	}
}
