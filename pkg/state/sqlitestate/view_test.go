package sqlitestate_test

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

// What the view shows is State.Visible, whatever was heard and read in whatever order.
func TestView_ShowsWhatIsVisible(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })

	random := rand.New(rand.NewPCG(5, 5))
	for i := range 12 {
		m := statetest.NewMessage()
		if i%2 == 1 {
			m = statetest.NewC2CMessage()
		}
		events := msgexttest.History(random, m, 15)
		for _, event := range msgexttest.Shuffle(random, events) {
			require.NoError(t, store.Apply(t.Context(), event, heard, state.MarkNow))
			if random.IntN(4) == 0 {
				merge(t, store, m, msgexttest.Truth(events[:random.IntN(15)]))
			}
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			require.Equal(t, record.State.Visible(), viewed(t, db, m))
		}
	}
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

// merge merges a read that follows the one that stands.
func merge(t *testing.T, store state.Store, m msgext.Message, read msgext.Snapshot) {
	t.Helper()
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	read.After = record.State.ReadNumber()
	read.Number = read.After + 1
	require.NoError(t, store.Merge(t.Context(), m, read))
}
