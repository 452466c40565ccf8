package mysqlstate_test

import (
	"context"
	crand "crypto/rand"
	"database/sql"
	"math/rand/v2"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/internal/sqlstate"
	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

var heard = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// schema returns the URL of a database of the test's own, with the schema applied, and a connection to it.
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

// empty returns the URL of an empty database of the test's own, and a connection to it.
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

// faulty is a database that a crash can cut off.
type faulty struct {
	sqlstate.Database
	faults *statetest.Faults
}

func (d faulty) Write(ctx context.Context, message []byte, statements []sqlstate.Statement) (rows []int64, err error) {
	err = d.faults.Do(func() error {
		rows, err = d.Database.Write(ctx, message, statements)
		return err
	})
	return rows, err
}

func TestStore_CrashBetweenAnyTwoWrites(t *testing.T) {
	url, _ := schema(t)
	statetest.RunCrash(t, func(t *testing.T, faults *statetest.Faults) state.Store {
		database, err := mysqlstate.OpenDatabase(secret.String(url))
		require.NoError(t, err)
		return sqlstate.New(faulty{database, faults}, mysqlstate.Dialect)
	})
}

// What the view shows is State.Visible, whatever was heard and read in whatever order.
func TestView_ShowsWhatIsVisible(t *testing.T) {
	url, db := schema(t)
	store := open(t, url)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	random := rand.New(rand.NewPCG(5, 5))
	for i := range 12 {
		m := statetest.NewMessage()
		if i%2 == 1 {
			m = statetest.NewC2CMessage()
		}
		events := msgexttest.History(random, m, 12)
		for _, event := range msgexttest.Shuffle(random, events) {
			require.NoError(t, store.Apply(t.Context(), event, heard, state.MarkNow))
			if random.IntN(4) == 0 {
				merge(t, store, m, msgexttest.Truth(events[:random.IntN(12)]))
			}
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			require.Equal(t, record.State.Visible(), viewed(t, db, m))
		}
	}
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

// merge merges a read that follows the one that stands.
func merge(t *testing.T, store state.Store, m msgext.Message, read msgext.Snapshot) {
	t.Helper()
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	read.After = record.State.ReadNumber()
	read.Number = read.After + 1
	require.NoError(t, store.Merge(t.Context(), m, read))
}
