package mysqlstate_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

// A transaction that the server ends because of a deadlock is sent again, and succeeds once the
// other transaction is done.
func TestStore_TriesAgainAfterADeadlock(t *testing.T) {
	url, db := schema(t)
	store, m := open(t, url), statetest.NewMessage()
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow))

	other, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = other.Exec("CREATE TEMPORARY TABLE heavy (n INT) ENGINE = InnoDB")
	require.NoError(t, err)
	// The server ends the transaction with fewer changes.
	_, err = other.Exec("INSERT INTO heavy VALUES (1)" + strings.Repeat(", (1)", 500))
	require.NoError(t, err)
	_, err = other.Exec("UPDATE msgext_entries SET deleted = deleted")
	require.NoError(t, err)
	applied := make(chan error, 1)
	go func() {
		applied <- store.Apply(context.WithoutCancel(t.Context()), statetest.SetEvent(m, 2, "w", "a"), heard, state.MarkNow)
	}()
	first := waiting(t, db, 0)
	// The store's transaction has locked these rows.
	_, err = other.Exec("UPDATE msgext_messages SET gone = gone")
	require.NoError(t, err, "the other one goes on, so that it is the store's that was ended")
	waiting(t, db, first)
	require.NoError(t, other.Commit())
	require.NoError(t, <-applied)
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.EqualValues(t, 2, record.State.Contiguous())
	assert.Equal(t, "w", record.State.Visible()[0].Value)
}

// waiting returns the connection that waits for a lock of the test's database, once there is one
// other than the given one. The server refreshes this table only if it was not queried for 100 ms.
func waiting(t *testing.T, db *sql.DB, known int64) (id int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		err := db.QueryRow(`SELECT p.id FROM information_schema.processlist p JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = p.id
			WHERE p.db = DATABASE() AND x.trx_state = 'LOCK WAIT' AND p.id <> ?`, known).Scan(&id)
		return err == nil
	}, 40*time.Second, 250*time.Millisecond)
	return id
}

// lock locks a message as the store does, by a connection of its own.
func lock(t *testing.T, db *sql.DB, m msgext.Message) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	id := sha256.Sum256([]byte(m.Path()))
	_, err = conn.ExecContext(t.Context(), fmt.Sprint("START TRANSACTION; UPDATE msgext_locks SET n = n WHERE n = ", mysqlstate.LockOf(id[:])))
	require.NoError(t, err)
	return conn
}

func TestStore_ALockedMessageHoldsItselfUp(t *testing.T) {
	url, db := schema(t)
	store := open(t, url)
	sqlstatetest.RunLocked(t, store, func(t *testing.T, m msgext.Message) func() {
		conn := lock(t, db, m)
		return func() {
			_, err := conn.ExecContext(t.Context(), "COMMIT")
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}
	})
	require.NoError(t, store.Close())
}

// The server's time for a lock is a second, and checked once a second.
func TestStore_TriesAgainAfterALockTimeout(t *testing.T) {
	url, db := schema(t)
	store := open(t, url)
	sqlstatetest.RunLockTimeout(t, store, func(t *testing.T, m msgext.Message) <-chan error {
		conn, unlocked := lock(t, db, m), make(chan error, 1)
		go func() {
			_, err := conn.ExecContext(context.WithoutCancel(t.Context()), "DO SLEEP(2.2); COMMIT")
			unlocked <- errors.Join(err, conn.Close())
		}()
		return unlocked
	})
	require.NoError(t, store.Close())
}

// Server errors that another attempt may avoid (true) or not (false).
func TestStore_TriesAgain(t *testing.T) {
	for number, want := range map[uint16]bool{
		1213: true,  // deadlock
		1205: true,  // lock wait time-out
		1053: true,  // shutdown
		1290: true,  // read-only, as after a failover
		1045: false, // access denied
		1146: false, // no such table
		1153: false, // max_allowed_packet
		1242: false, // a newer schema
	} {
		err := fmt.Errorf("exec: %w", &mysql.MySQLError{Number: number})
		assert.Equal(t, want, mysqlstate.IsEnded(err), number)
	}
	assert.True(t, mysqlstate.IsEnded(mysql.ErrInvalidConn))
	assert.False(t, mysqlstate.IsEnded(errors.New("another")))
}
