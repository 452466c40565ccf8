package pgstate_test

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/statetest"
)

// namespace returns the URL of a new, empty namespace, and a connection to it.
func namespace(t *testing.T) (string, *pgx.Conn) {
	t.Helper()
	url := peertest.Address(t, peertest.Postgres)
	name := "test_" + strings.ToLower(crand.Text())
	conn := connect(t, url+"&search_path="+name)
	_, err := conn.Exec(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		assert.NoError(t, err)
	})
	return url + "&search_path=" + name, conn
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close(context.Background())) })
	return conn
}

// version1 fills a namespace with what version 1 of the schema held.
func version1(t *testing.T) (string, *pgx.Conn) {
	t.Helper()
	url, conn := namespace(t)
	dump, err := os.ReadFile("testdata/version1.sql")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), string(dump))
	require.NoError(t, err)
	return url, conn
}

func TestSchema_UpgradesVersion1(t *testing.T) {
	url, conn := version1(t)
	_, err := conn.Exec(t.Context(), "GRANT SELECT ON message_extensions TO pg_monitor")
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 4 {
		conn := connect(t, url)
		all.Go(func() {
			_, err := conn.Exec(t.Context(), pgstate.Schema)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	store := open(t, url)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	statetest.RunUpgraded(t, store, func(m msgext.Message) []msgext.KeyValue {
		visible := viewed(t, conn, m)
		for i, kv := range visible {
			visible[i].Key, visible[i].Value = decode(kv.Key), decode(kv.Value)
		}
		return visible
	})
	var granted bool
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT has_table_privilege('pg_monitor', 'message_extensions', 'SELECT')").Scan(&granted))
	assert.True(t, granted, "who may read the view still may")
}

// decode reverses the encoding of U+0000 and U+0001 in a text.
func decode(text string) string {
	return strings.NewReplacer("\x01\x01", "\x00", "\x01\x02", "\x01").Replace(text)
}

// Every call on a missing, old or newer schema returns the error for that, the first call like any
// later one.
func TestStore_NamesAnotherSchema(t *testing.T) {
	missing, _ := namespace(t)
	old, _ := version1(t)
	newer, conn := version1(t)
	_, err := conn.Exec(t.Context(), pgstate.Schema)
	require.NoError(t, err)
	running := open(t, newer) // opened before the upgrade
	t.Cleanup(func() { assert.NoError(t, running.Close()) })
	m := statetest.NewMessage()
	require.NoError(t, running.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow))
	_, err = conn.Exec(t.Context(), "INSERT INTO msgext_schema VALUES (3)")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), pgstate.Schema)
	assert.ErrorContains(t, err, "newer version")
	assert.ErrorIs(t, pgstate.ApplySchema(t.Context(), secret.String(newer)), state.ErrSchemaNew)

	opened := map[string]state.Store{missing: open(t, missing), old: open(t, old), newer: open(t, newer)}
	for url, want := range map[string]error{missing: pgstate.ErrSchema, old: state.ErrSchemaOld, newer: state.ErrSchemaNew} {
		store := opened[url]
		assert.ErrorIs(t, store.Apply(t.Context(), statetest.SetEvent(statetest.NewMessage(), 1, "v", "a"), heard, state.MarkNow), want)
		_, err := store.Load(t.Context(), m)
		assert.ErrorIs(t, err, want)
		require.NoError(t, store.Close())
	}
	assert.ErrorIs(t, running.Apply(t.Context(), statetest.SetEvent(m, 2, "w", "a"), heard, state.MarkNow), state.ErrSchemaNew)
	var seq int64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT seq FROM message_extensions WHERE group_id = $1", m.GroupID).Scan(&seq))
	assert.EqualValues(t, 1, seq, "nothing was written")
}

// The documented queries find their message by an index, even in a group of ten thousand messages,
// and do not start parallel workers.
func TestView_ReadsOneMessageByIndex(t *testing.T) {
	url, conn := namespace(t)
	for _, sql := range []string{
		pgstate.Schema,
		`INSERT INTO msgext_messages (id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest)
			SELECT sha256(convert_to('g' || n, 'UTF8')), '1400000000', 'g', n, '', '', '', 25 FROM generate_series(1, 10000) n`,
		`INSERT INTO msgext_messages (id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest)
			SELECT sha256(convert_to('c' || n, 'UTF8')), '1400000000', '', 0, 'jared', 'Jonh', n, 25 FROM generate_series(1, 10000) n`,
		`INSERT INTO msgext_entries SELECT id, sha256(convert_to(k::text, 'UTF8')), k, k, 0, 'v' FROM msgext_messages, generate_series(1, 5) k`,
		`INSERT INTO msgext_reads SELECT id, 3, 0, '[{"Key": "a", "Value": "b", "Seq": 3}]' FROM msgext_messages`,
		"ANALYZE msgext_messages, msgext_entries, msgext_reads",
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	store := open(t, url)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	for query, index := range map[string]string{
		"group_id = 'g' AND msg_seq = 5000":                                   "msgext_messages_group",
		"from_account = 'jared' AND to_account = 'Jonh' AND msg_key = '5000'": "msgext_messages_c2c",
	} {
		var text string
		require.NoError(t, conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) SELECT key, value FROM message_extensions WHERE "+query).Scan(&text))
		assert.Equal(t, 2, strings.Count(text, `"`+index+`"`), text)
		assert.NotContains(t, text, "Seq Scan")
		assert.NotContains(t, text, "Gather")
		assert.True(t, json.Valid([]byte(text)))
		var rows int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM message_extensions WHERE "+query).Scan(&rows))
		assert.Equal(t, 3, rows)
	}
	// Names too long for a B-tree index.
	long := statetest.NewMessage()
	for range 5000 {
		long.GroupID += crand.Text()
	}
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(long, 1, "v", "a"), heard, state.MarkNow))
	assert.Len(t, viewed(t, conn, long), 1)
}
