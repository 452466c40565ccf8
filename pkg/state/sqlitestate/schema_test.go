package sqlitestate_test

import (
	"database/sql"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

// testdata/version1.db was written by sqlitestate of commit 83dcf68 (2026-11-24).
func version1(t *testing.T) string {
	t.Helper()
	file, err := os.ReadFile("testdata/version1.db")
	require.NoError(t, err)
	path := path(t)
	require.NoError(t, os.WriteFile(path, file, 0o600))
	return path
}

func connect(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func TestOpen_UpgradesVersion1(t *testing.T) {
	path := version1(t)
	var all sync.WaitGroup
	for range 4 { // concurrently
		all.Go(func() {
			store, err := sqlitestate.Open(t.Context(), path)
			if assert.NoError(t, err) {
				assert.NoError(t, store.Close())
			}
		})
	}
	all.Wait()
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	db := connect(t, path)
	statetest.RunUpgraded(t, store, func(m msgext.Message) []msgext.KeyValue {
		visible := viewed(t, db, m)
		for i, kv := range visible {
			visible[i].Key, visible[i].Value = decode(kv.Key), decode(kv.Value)
		}
		return visible
	})
}

// decode reverses the encoding of U+0000 and U+0001 in a text.
func decode(text string) string {
	return strings.NewReplacer("\x01\x01", "\x00", "\x01\x02", "\x01").Replace(text)
}

func TestOpen_RefusesANewerSchema(t *testing.T) {
	path := version1(t)
	_, err := connect(t, path).ExecContext(t.Context(), "PRAGMA user_version = 3")
	require.NoError(t, err)
	_, err = sqlitestate.Open(t.Context(), path)
	assert.ErrorIs(t, err, state.ErrSchemaNew)
}

// The documented queries find their message by an index, however many messages there are.
func TestView_ReadsOneMessageByIndex(t *testing.T) {
	path := path(t)
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	for query, index := range map[string]string{
		"group_id = '@TGS#1' AND msg_seq = 5":                                  "msgext_messages_group (group_id=? AND msg_seq=?)",
		"from_account = 'jared' AND to_account = 'Jonh' AND msg_key = '1_2_3'": "msgext_messages_c2c (from_account=? AND to_account=? AND msg_key=?)",
	} {
		rows, err := connect(t, path).QueryContext(t.Context(), "EXPLAIN QUERY PLAN SELECT key, value FROM message_extensions WHERE "+query)
		require.NoError(t, err)
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
			plan = append(plan, step)
		}
		require.NoError(t, rows.Err())
		text := strings.Join(plan, "\n")
		assert.Equal(t, 2, strings.Count(text, index), text)
		assert.NotRegexp(t, `SCAN (m|e|r)\b`, text)
	}
}
