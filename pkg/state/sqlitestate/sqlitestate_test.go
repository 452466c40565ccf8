package sqlitestate_test

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

var heard = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// path returns a file whose name has characters with a meaning in a URI.
func path(t testing.TB) string { return filepath.Join(t.TempDir(), "what? 100% #1.db") }

func open(t *testing.T) state.Store {
	t.Helper()
	store, err := sqlitestate.Open(t.Context(), path(t))
	require.NoError(t, err)
	return store
}

func TestStore(t *testing.T) { statetest.Run(t, open) }

func TestStore_LoadsOneMoment(t *testing.T) { statetest.RunSnapshot(t, open) }

func TestStore_CrashBetweenAnyTwoWrites(t *testing.T) {
	statetest.RunCrash(t, func(t *testing.T, faults *statetest.Faults) state.Store {
		database, _, err := sqlitestate.OpenDatabase(t.Context(), path(t))
		require.NoError(t, err)
		return sqlstate.New(sqlstatetest.Faulty{Database: database, Faults: faults}, sqlitestate.Dialect)
	})
}

func TestOpen_SyncsAtEveryCommitOnEveryConnection(t *testing.T) {
	database, pool, err := sqlitestate.OpenDatabase(t.Context(), path(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, database.Close()) })
	const full = 2 // sqlite.org/pragma.html#pragma_synchronous
	for range 5 {
		conn, err := pool.Conn(t.Context())
		require.NoError(t, err)
		defer func() { assert.NoError(t, conn.Close()) }()
		var mode string
		var synchronous, busy int
		require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
		require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&synchronous))
		require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA busy_timeout").Scan(&busy))
		assert.Equal(t, "wal", mode)
		assert.Equal(t, full, synchronous)
		assert.Equal(t, 5000, busy)
	}
}

// The writer's own connection is not in the pool, so the test asks it through a write.
func TestOpen_TheWriterSyncsToo(t *testing.T) {
	database, _, err := sqlitestate.OpenDatabase(t.Context(), path(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, database.Close()) })
	_, err = database.Write(t.Context(), sqlstate.Write{Statements: []sqlstate.Statement{
		{SQL: "CREATE TABLE found AS SELECT (SELECT synchronous FROM pragma_synchronous) AS synchronous, (SELECT journal_mode FROM pragma_journal_mode) AS mode"},
	}})
	require.NoError(t, err)
	var synchronous int
	var mode string
	require.NoError(t, database.Read(t.Context(), []sqlstate.Query{{
		Statement: sqlstate.Statement{SQL: "SELECT synchronous, mode FROM found"},
		Row:       func(scan func(...any) error) error { return scan(&synchronous, &mode) },
	}}))
	assert.Equal(t, 2, synchronous)
	assert.Equal(t, "wal", mode)
}

// When a write returns, its event is committed: another process sees it at that moment.
func TestStore_AnswersAfterTheCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	other, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, other.Close()) })
	m := statetest.NewMessage()
	for version := int64(1); version <= 50; version++ {
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), heard, state.MarkNow))
		var seq int64
		require.NoError(t, other.QueryRowContext(t.Context(), "SELECT seq FROM message_extensions WHERE group_id = ?", m.GroupID).Scan(&seq))
		require.Equal(t, version, seq)
	}
}

func TestOpen_KeepsTheFileToItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(statetest.NewMessage(), 1, "v", "a"), heard, state.MarkNow))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), suffix)
	}
}

func TestOpen_Again(t *testing.T) {
	path, m := path(t), statetest.NewMessage()
	for version := int64(1); version <= 3; version++ {
		store, err := sqlitestate.Open(t.Context(), path)
		require.NoError(t, err)
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), heard, state.MarkNow))
		record, err := store.Load(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, msgext.Progress{Latest: version, Floor: version}, record.State.Progress)
		require.NoError(t, store.Close())
	}
}

func TestOpen_WhereNoFileCanBe(t *testing.T) {
	_, err := sqlitestate.Open(t.Context(), filepath.Join(t.TempDir(), "missing", "state.db"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = sqlitestate.Open(t.Context(), t.TempDir())
	require.Error(t, err)
}

// Two processes may share a file: the local server and a script that reads, or two servers.
func TestStore_SharesItsFile(t *testing.T) {
	file := path(t)
	statetest.RunSnapshot(t, func(t *testing.T) state.Store {
		store, err := sqlitestate.Open(t.Context(), file)
		require.NoError(t, err)
		second, err := sqlitestate.Open(t.Context(), file)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, second.Close()) })
		return &alternating{Store: store, second: second}
	})
}

// alternating sends every second event through another process.
type alternating struct {
	state.Store
	second state.Store
	turn   atomic.Int64
}

func (a *alternating) Apply(ctx context.Context, event msgext.Event, heard time.Time, mark state.Mark) error {
	if a.turn.Add(1)%2 == 0 {
		return a.second.Apply(ctx, event, heard, mark)
	}
	return a.Store.Apply(ctx, event, heard, mark)
}
