package pgstate_test

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/msgext"
	"msgext/pkg/state/pgstate"
)

// lock locks a message as the store does, on a connection of its own.
func lock(t *testing.T, url string, m msgext.Message) *pgx.Conn {
	t.Helper()
	conn, id := connect(t, url), sha256.Sum256([]byte(m.Path()))
	_, err := conn.Exec(t.Context(), "SELECT pg_advisory_lock($1)", pgstate.LockOf(id[:]))
	require.NoError(t, err)
	return conn
}

func TestStore_ALockedMessageHoldsItselfUp(t *testing.T) {
	url, _ := schema(t)
	store := open(t, url)
	sqlstatetest.RunLocked(t, store, func(t *testing.T, m msgext.Message) func() {
		conn := lock(t, url, m)
		return func() {
			_, err := conn.Exec(t.Context(), "SELECT pg_advisory_unlock_all()")
			require.NoError(t, err)
		}
	})
	require.NoError(t, store.Close())
}

// A role or a URL may have a lock_timeout.
func TestStore_TriesAgainAfterALockTimeout(t *testing.T) {
	url, _ := schema(t)
	store := open(t, url+"&lock_timeout=1000")
	sqlstatetest.RunLockTimeout(t, store, func(t *testing.T, m msgext.Message) <-chan error {
		conn, unlocked := lock(t, url, m), make(chan error, 1)
		go func() {
			_, err := conn.Exec(context.WithoutCancel(t.Context()), "SELECT pg_sleep(1.3), pg_advisory_unlock_all()")
			unlocked <- err
		}()
		return unlocked
	})
	require.NoError(t, store.Close())
}
