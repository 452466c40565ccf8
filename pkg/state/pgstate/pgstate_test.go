package pgstate_test

import (
	"context"
	crand "crypto/rand"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/internal/sqlstate"
	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/statetest"
)

var heard = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// schema applies the schema, twice, and returns the database's URL and a connection to it.
func schema(t testing.TB) (string, *pgx.Conn) {
	t.Helper()
	url := peertest.Address(t, peertest.Postgres)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close(context.Background())) })
	for range 2 {
		_, err = conn.Exec(t.Context(), pgstate.Schema)
		require.NoError(t, err)
	}
	return url, conn
}

func open(t testing.TB, url string) *sqlstate.Store {
	t.Helper()
	store, err := pgstate.Open(t.Context(), secret.String(url))
	require.NoError(t, err)
	return store
}

func TestStore(t *testing.T) {
	url, _ := schema(t)
	statetest.Run(t, func(t *testing.T) state.Store { return open(t, url) })
}

// Connection poolers and existing configurations use pgx's other ways to run a statement.
func TestStore_InEveryExecMode(t *testing.T) {
	url, _ := schema(t)
	for _, mode := range []string{"exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			url := url + "&default_query_exec_mode=" + mode
			statetest.RunCrash(t, func(t *testing.T, faults *statetest.Faults) state.Store { return openFaulty(t, url, faults) })
			store, m := open(t, url), statetest.NewMessage()
			for version := int64(math.MaxInt64 - 2); version > 0; version++ { // until it overflows
				require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), heard, state.MarkNow))
			}
			dropped, err := store.Drop(t.Context(), m, state.Drop{Above: math.MaxInt64 - 1, Now: heard, Due: heard})
			require.NoError(t, err)
			require.True(t, dropped)
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			assert.EqualValues(t, math.MaxInt64-1, record.State.Latest)
			require.NoError(t, store.Close())
		})
	}
}

func TestStore_LoadsOneMoment(t *testing.T) {
	url, _ := schema(t)
	statetest.RunSnapshot(t, func(t *testing.T) state.Store { return open(t, url) })
}

func TestStore_CrashBetweenAnyTwoWrites(t *testing.T) {
	url, _ := schema(t)
	statetest.RunCrash(t, func(t *testing.T, faults *statetest.Faults) state.Store { return openFaulty(t, url, faults) })
}

func openFaulty(t *testing.T, url string, faults *statetest.Faults) state.Store {
	t.Helper()
	database, err := pgstate.OpenDatabase(t.Context(), secret.String(url))
	require.NoError(t, err)
	return sqlstate.New(sqlstatetest.Faulty{Database: database, Faults: faults}, pgstate.Dialect)
}

// A role or a database may have settings that make commits not durable, or let a transaction's
// reads see different moments.
func TestStore_WhateverTheDefaults(t *testing.T) {
	url, _ := schema(t)
	url += "&synchronous_commit=off&default_transaction_isolation=serializable"
	statetest.RunSnapshot(t, func(t *testing.T) state.Store { return open(t, url) })

	database, err := pgstate.OpenDatabase(t.Context(), secret.String(url))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, database.Close()) })
	rows, err := database.Write(t.Context(), sqlstate.Write{Message: make([]byte, 32), Statements: []sqlstate.Statement{{
		SQL: "SELECT 1 WHERE current_setting('synchronous_commit') = 'on' AND current_setting('transaction_isolation') = 'read committed'",
	}}})
	require.NoError(t, err)
	assert.Equal(t, []int64{1}, rows)
}

func TestOpen_DoesNotConnect(t *testing.T) {
	store := open(t, "postgres://somebody:plant-7f3a@127.0.0.1:1/none")
	err := store.Apply(t.Context(), statetest.SetEvent(statetest.NewMessage(), 1, "v", "a"), heard, state.MarkNow)
	require.ErrorContains(t, err, "pgstate: ")
	assert.NotContains(t, err.Error(), "plant-7f3a")
	require.NoError(t, store.Close())
}

func TestOpen_RefusesWhatIsNoURL(t *testing.T) {
	for _, url := range []string{"postgres://u:plant-7f3a@host:x/db", "postgres://u:plant-7f3a@host/db?pool_max_conns=x", "postgres://u:plant-7f3a@%zz"} {
		_, err := pgstate.Open(t.Context(), secret.String(url))
		require.ErrorIs(t, err, pgstate.ErrURL)
		assert.NotContains(t, err.Error(), "plant-7f3a")
	}
}

func TestStore_NamesTheMissingSchema(t *testing.T) {
	url, _ := schema(t)
	store := open(t, url+"&search_path=pg_temp")
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	m := statetest.NewMessage()
	assert.ErrorIs(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow), pgstate.ErrSchema)
	_, err := store.Load(t.Context(), m)
	assert.ErrorIs(t, err, pgstate.ErrSchema)
	_, err = store.Due(t.Context(), state.FirstChecks, heard, "", 1)
	assert.ErrorIs(t, err, pgstate.ErrSchema)
}

// The server's message about a refused row must not be in a log.
func TestStore_ErrorsHoldNoValues(t *testing.T) {
	url, _ := schema(t)
	store := open(t, url)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	err := store.Apply(t.Context(), statetest.SetEvent(statetest.NewMessage(), 1, "plant-7f3a \xff", "a"), heard, state.MarkNow)
	require.Error(t, err, "not UTF-8, which no decoded event is")
	assert.NotContains(t, err.Error(), "plant-7f3a")
}

func TestView_ShowsWhatIsVisible(t *testing.T) {
	url, db := schema(t)
	store := open(t, url)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	sqlstatetest.RunView(t, store, func(m msgext.Message) []msgext.KeyValue { return viewed(t, db, m) })
}

func viewed(t *testing.T, conn *pgx.Conn, m msgext.Message) []msgext.KeyValue {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT key, value, seq FROM message_extensions
		WHERE sdk_app_id = $1 AND group_id = $2 AND msg_seq = $3 AND from_account = $4 AND to_account = $5 AND msg_key = $6 ORDER BY seq, key`,
		m.SDKAppID, m.GroupID, m.MsgSeq, m.From, m.To, m.MsgKey)
	require.NoError(t, err)
	visible, err := pgx.CollectRows(rows, pgx.RowToStructByPos[msgext.KeyValue])
	require.NoError(t, err)
	if visible == nil {
		return []msgext.KeyValue{}
	}
	return visible
}

// Several processes may apply the schema at the same time, to an empty database and to one in use.
func TestSchema_MayBeAppliedAtAnyTime(t *testing.T) {
	url, conn := schema(t)
	name := "test_" + strings.ToLower(crand.Text())
	_, err := conn.Exec(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		assert.NoError(t, err)
	})
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), url+"&search_path="+name)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, conn.Close(context.Background())) })
		return conn
	}
	applier, viewer := connect(), connect()
	var all sync.WaitGroup
	for range 8 {
		conn := connect()
		all.Go(func() {
			_, err := conn.Exec(t.Context(), pgstate.Schema)
			assert.NoError(t, err)
		})
	}
	all.Wait()

	// And again, while the store is in use and another connection reads the view.
	store := open(t, url+"&search_path="+name)
	m := statetest.NewMessage()
	done := make(chan struct{})
	for _, work := range []func() error{
		func() error { return store.Apply(t.Context(), statetest.DeleteEvent(m, 1, "a"), heard, state.MarkNow) },
		func() error { return store.Merge(t.Context(), m, msgext.Snapshot{Number: 1}) },
		func() error { return store.Sweep(t.Context(), m, 1) },
		func() error {
			_, err := viewer.Exec(t.Context(), "SELECT * FROM message_extensions")
			return err
		},
	} {
		require.NoError(t, work())
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if !assert.NoError(t, work()) {
						return
					}
				}
			}
		})
	}
	for range 20 {
		_, err := applier.Exec(t.Context(), pgstate.Schema)
		assert.NoError(t, err)
	}
	close(done)
	all.Wait()
	assert.NoError(t, store.Close())
}

func TestExample(t *testing.T) {
	url, _ := schema(t)
	t.Setenv("DATABASE_URL", url)
	m := msgext.Message{SDKAppID: "1400000000", GroupID: "poll", MsgSeq: 10}
	require.NoError(t, open(t, url).Apply(t.Context(), statetest.SetEvent(m, 1, "option 2", "alice"), heard, state.MarkNow))
	assert.Equal(t, "alice option 2\nsomething is missing: false\n", peertest.Output(t, Example))
}
