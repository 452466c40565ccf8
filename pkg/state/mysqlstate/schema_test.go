package mysqlstate_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

func TestApplySchema_AtOnceAndAtWork(t *testing.T) {
	url, db := empty(t)
	apply := func() {
		view, err := mysqlstate.ApplySchema(t.Context(), secret.String(url))
		assert.NoError(t, err)
		assert.True(t, view)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(apply)
	}
	all.Wait()
	store, m := open(t, url), statetest.NewMessage()
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	done := make(chan struct{})
	all.Go(func() {
		for version := int64(1); ; version++ {
			select {
			case <-done:
				return
			default:
				if !assert.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), heard, state.MarkNow)) {
					return
				}
			}
		}
	})
	for range 5 {
		apply()
		assert.LessOrEqual(t, len(viewed(t, db, m)), 1)
	}
	close(done)
	all.Wait()
}

// Every call on a missing or newer schema returns the error for that, the first call like any later
// one.
func TestStore_NamesAnotherSchema(t *testing.T) {
	missing, _ := empty(t)
	newer, db := schema(t)
	running := open(t, newer) // opened before the upgrade
	t.Cleanup(func() { assert.NoError(t, running.Close()) })
	m := statetest.NewMessage()
	require.NoError(t, running.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow))
	_, err := db.ExecContext(t.Context(), "INSERT INTO msgext_schema VALUES (3)")
	require.NoError(t, err)
	_, err = mysqlstate.ApplySchema(t.Context(), secret.String(newer))
	assert.ErrorIs(t, err, state.ErrSchemaNew)
	for url, want := range map[string]error{missing: mysqlstate.ErrSchema, newer: state.ErrSchemaNew} {
		store := open(t, url)
		assert.ErrorIs(t, store.Apply(t.Context(), statetest.SetEvent(statetest.NewMessage(), 1, "v", "a"), heard, state.MarkNow), want)
		_, err := store.Load(t.Context(), m)
		assert.ErrorIs(t, err, want)
		require.NoError(t, store.Close())
	}
	assert.ErrorIs(t, running.Apply(t.Context(), statetest.SetEvent(m, 2, "w", "a"), heard, state.MarkNow), state.ErrSchemaNew)
	assert.ErrorIs(t, mysqlstate.ErrSchema, state.ErrSchemaOld)
	assert.EqualValues(t, 1, viewed(t, db, m)[0].Seq, "nothing was written")
}

// The documented queries find their message by an index.
func TestView_ReadsOneMessageByIndex(t *testing.T) {
	_, db := schema(t)
	_, err := db.ExecContext(t.Context(), `
		CREATE TABLE numbers AS SELECT n + 1 AS n FROM msgext_locks;
		INSERT INTO msgext_messages (id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest)
			SELECT UNHEX(SHA2(CONCAT('g', n), 256)), '1', 'g', n, '', '', '', 25 FROM numbers;
		INSERT INTO msgext_messages (id, sdk_app_id, group_id, msg_seq, from_account, to_account, msg_key, latest)
			SELECT UNHEX(SHA2(CONCAT('c', n), 256)), '1', '', 0, 'jared', 'Jonh', n, 25 FROM numbers;
		INSERT INTO msgext_entries SELECT m.id, UNHEX(SHA2(k.n, 256)), k.n, k.n, 0, 'v' FROM msgext_messages m, numbers k WHERE k.n <= 5;
		INSERT INTO msgext_reads SELECT id, 3, 0, '[{"Key": "a", "Value": "b", "Seq": 3}]', 1, UNHEX(SHA2('', 256)) FROM msgext_messages;
		ANALYZE TABLE msgext_messages, msgext_entries, msgext_reads`)
	require.NoError(t, err)
	for query, index := range map[string]string{
		"group_id = 'g' AND msg_seq = 2000":                                   "msgext_messages_group",
		"from_account = 'jared' AND to_account = 'Jonh' AND msg_key = '2000'": "msgext_messages_c2c",
	} {
		plan := explain(t, db, "SELECT `key`, value FROM message_extensions WHERE "+query)
		assert.Equal(t, index, plan["m"], plan)
		assert.Equal(t, "PRIMARY", plan["e"], plan)
		assert.Equal(t, "PRIMARY", plan["r"], plan)
		assert.Equal(t, "PRIMARY", plan["o"], plan)
		var rows int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM message_extensions WHERE "+query).Scan(&rows))
		assert.Equal(t, 3, rows)
	}
}

// Texts are found, returned and compared by their bytes, whatever the server's own character set,
// which is latin1 here.
func TestView_ComparesBytes(t *testing.T) {
	url, db := schema(t)
	store := open(t, url)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	texts := []string{"vote", "vote ", "Vote", "vöte", "VÖTE", "vo\u0308te", "\U0001f5f3\ufe0f", "\U0001f5f3", "'; DROP TABLE msgext_messages; -- ", `\'`, `"?1"`, "`", "%", ""}
	for _, text := range texts {
		m := msgext.Message{SDKAppID: "1400000000", GroupID: "g" + text, MsgSeq: 1}
		event := msgext.Event{Message: m, Operation: msgext.Set, Seq: 1}
		for i, other := range texts {
			event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: "k" + other, Value: fmt.Sprint(i, text, other), Seq: 1})
		}
		require.NoError(t, store.Apply(t.Context(), event, heard, state.MarkNow))
	}
	for _, text := range texts {
		m := msgext.Message{SDKAppID: "1400000000", GroupID: "g" + text, MsgSeq: 1}
		for round := range 2 {
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			require.Len(t, record.State.Visible(), len(texts))
			for i, other := range texts {
				var key, value, group string
				require.NoError(t, db.QueryRowContext(t.Context(), "SELECT group_id, `key`, value FROM message_extensions WHERE group_id = ? AND `key` = ?",
					m.GroupID, "k"+other).Scan(&group, &key, &value))
				assert.Equal(t, []string{m.GroupID, "k" + other, fmt.Sprint(i, text, other)}, []string{group, key, value}, "round %d", round)
			}
			var groups int
			require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM (SELECT value FROM message_extensions WHERE group_id = ? GROUP BY value) v", m.GroupID).Scan(&groups))
			assert.Equal(t, len(texts), groups)
			if round == 0 { // and again with a stored read
				sqlstatetest.Merge(t, store, m, msgext.Snapshot{Latest: 1, KeyValues: record.State.Visible()})
			}
		}
	}
}

// A value of a megabyte with all kinds of characters, which some server modes would cut or refuse.
func TestStore_KeepsValuesUnderEverySQLMode(t *testing.T) {
	_, db := schema(t)
	for _, mode := range []string{"", "ANSI", "TRADITIONAL", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT", "STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY"} {
		t.Run(mode, func(t *testing.T) {
			url, _ := schema(t)
			_, err := db.ExecContext(t.Context(), "SET GLOBAL sql_mode = ?", mode)
			require.NoError(t, err)
			t.Cleanup(func() {
				_, err := db.Exec("SET GLOBAL sql_mode = DEFAULT")
				assert.NoError(t, err)
			})
			store, m := open(t, url), statetest.NewMessage()
			t.Cleanup(func() { assert.NoError(t, store.Close()) })
			value := strings.Repeat("\x00\x01\\'\"\U0001f5f3", 1<<20/9)
			require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, value, "a"), heard, state.MarkNow))
			sqlstatetest.Merge(t, store, m, msgext.Snapshot{Latest: 2, KeyValues: []msgext.KeyValue{{Key: "b\\'", Value: value, Seq: 2}}})
			require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 3, value, "a"), heard, state.MarkNow))
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			assert.Equal(t, []msgext.KeyValue{{Key: "b\\'", Value: value, Seq: 2}, {Key: "a", Value: value, Seq: 3}}, record.State.Visible())
		})
	}
}

func TestHasJSONTable(t *testing.T) {
	for version, want := range map[string]bool{
		"8.0.4": true, "8.0.36": true, "8.4.0": true, "9.1.0-log": true, "8.0.22-txsql-20220831": true, "8.0.3-rc": false, "5.7.44-log": false,
		"10.11.19-MariaDB-0+deb12u1": true, "10.6.1-MariaDB": true, "10.5.27-MariaDB": false, "11.4.2-MariaDB-log": true,
	} {
		assert.Equal(t, want, mysqlstate.HasJSONTable(version), version)
	}
}

// explain returns the index by which each table of a query is read.
func explain(t *testing.T, db *sql.DB, query string) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN "+query)
	require.NoError(t, err)
	defer func() { assert.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	plan := make(map[string]string)
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(cells))
		for i := range cells {
			into[i] = &cells[i]
		}
		require.NoError(t, rows.Scan(into...))
		plan[cells[slices.Index(columns, "table")].String] = cells[slices.Index(columns, "key")].String
	}
	require.NoError(t, rows.Err())
	return plan
}
