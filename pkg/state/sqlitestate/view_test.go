package sqlitestate_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/msgext"
	"msgext/pkg/state/sqlitestate"
)

func TestView_ShowsWhatIsVisible(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	sqlstatetest.RunView(t, store, func(m msgext.Message) []msgext.KeyValue { return viewed(t, db, m) })
}

func viewed(t *testing.T, db *sql.DB, m msgext.Message) []msgext.KeyValue {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT key, value, seq FROM message_extensions
		WHERE sdk_app_id = ? AND group_id = ? AND msg_seq = ? AND from_account = ? AND to_account = ? AND msg_key = ? ORDER BY seq, key`,
		m.SDKAppID, m.GroupID, m.MsgSeq, m.From, m.To, m.MsgKey)
	require.NoError(t, err)
	defer func() { assert.NoError(t, rows.Close()) }()
	visible := []msgext.KeyValue{}
	for rows.Next() {
		var kv msgext.KeyValue
		require.NoError(t, rows.Scan(&kv.Key, &kv.Value, &kv.Seq))
		visible = append(visible, kv)
	}
	require.NoError(t, rows.Err())
	return visible
}
