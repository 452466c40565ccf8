package mysqlstate_test

import (
	"context"
	crand "crypto/rand"
	"database/sql"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/internal/sqlstate"
	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

var heard = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// schema returns the URL of a new database with the schema applied, and a connection to it.
func schema(t testing.TB) (string, *sql.DB) {
	t.Helper()
	url, db := empty(t)
	for range 2 {
		view, err := mysqlstate.ApplySchema(t.Context(), secret.String(url))
		require.NoError(t, err)
		require.True(t, view)
	}
	return url, db
}

// empty returns the URL of a new, empty database, and a connection to it.
func empty(t testing.TB) (string, *sql.DB) {
	t.Helper()
	u, err := neturl.Parse(peertest.Address(t, peertest.MariaDB))
	require.NoError(t, err)
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.MultiStatements = u.User.Username(), "tcp", u.Host, true
	server, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(t, err)
	name := "test_" + strings.ToLower(crand.Text())
	_, err = server.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	config.DBName = name
	db, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, db.Close())
		_, err := server.ExecContext(context.Background(), "DROP DATABASE "+name)
		assert.NoError(t, err)
		assert.NoError(t, server.Close())
	})
	u.Path = "/" + name
	return u.String(), db
}

func open(t testing.TB, url string) *mysqlstate.Store {
	t.Helper()
	store, err := mysqlstate.Open(secret.String(url))
	require.NoError(t, err)
	return store
}

func TestStore(t *testing.T) {
	url, _ := schema(t)
	statetest.Run(t, func(t *testing.T) state.Store { return open(t, url) })
}

func TestStore_LoadsOneMoment(t *testing.T) {
	url, _ := schema(t)
	statetest.RunSnapshot(t, func(t *testing.T) state.Store { return open(t, url) })
}

func TestStore_CrashBetweenAnyTwoWrites(t *testing.T) {
	url, _ := schema(t)
	statetest.RunCrash(t, func(t *testing.T, faults *statetest.Faults) state.Store {
		database, err := mysqlstate.OpenDatabase(secret.String(url))
		require.NoError(t, err)
		return sqlstate.New(sqlstatetest.Faulty{Database: database, Faults: faults}, mysqlstate.Dialect)
	})
}

func TestView_ShowsWhatIsVisible(t *testing.T) {
	url, db := schema(t)
	store := open(t, url)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	sqlstatetest.RunView(t, store, func(m msgext.Message) []msgext.KeyValue { return viewed(t, db, m) })
}

func viewed(t *testing.T, db *sql.DB, m msgext.Message) []msgext.KeyValue {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT `key`, value, seq FROM message_extensions "+
		"WHERE sdk_app_id = ? AND group_id = ? AND msg_seq = ? AND from_account = ? AND to_account = ? AND msg_key = ? ORDER BY seq, `key`",
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

func TestExample(t *testing.T) {
	url, _ := schema(t)
	t.Setenv("DATABASE_URL", url)
	m := msgext.Message{SDKAppID: "1400000000", GroupID: "poll", MsgSeq: 10}
	require.NoError(t, open(t, url).Apply(t.Context(), statetest.SetEvent(m, 1, "option 2", "alice"), heard, state.MarkNow))
	assert.Equal(t, "alice option 2\nsomething is missing: false\n", peertest.Output(t, Example))
}
