package mysqlstate_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

// keeping is a database that stores the writes it gets.
type keeping struct {
	sqlstate.Database
	writes []sqlstate.Write
}

func (k *keeping) Write(_ context.Context, message []byte, statements []sqlstate.Statement) ([]int64, error) {
	k.writes = append(k.writes, sqlstate.Write{Message: message, Statements: statements})
	return []int64{1, 1, 1, 1, 1, 1}[:len(statements)], nil
}

// Events that share a transaction become one insert per table. Statements that may depend on
// earlier ones stay in their order.
func TestWrites_ThatShareATransaction(t *testing.T) {
	written := func(calls ...func(state.Store) error) string {
		database := new(keeping)
		store := sqlstate.New(database, mysqlstate.Dialect)
		for _, call := range calls {
			require.NoError(t, call(store))
		}
		text, err := mysqlstate.WriteText(database.writes...)
		require.NoError(t, err)
		return text
	}
	m := statetest.NewMessage()
	event := func(keys ...string) func(state.Store) error {
		return func(s state.Store) error {
			return s.Apply(t.Context(), statetest.SetEvent(statetest.NewMessage(), 1, "v", keys...), heard, state.MarkNow)
		}
	}
	drop := func(s state.Store) error {
		_, err := s.Drop(t.Context(), m, state.Drop{Above: 1, Now: heard})
		return err
	}
	inserts := func(text string) int { return strings.Count(text, "INSERT INTO") }
	assert.Equal(t, 2, inserts(written(event("a"))))
	assert.Equal(t, 2, inserts(written(event("a"), event("a", "b"), event("c"))), "one for messages, one for entries")
	assert.Equal(t, 4, inserts(written(event("a"), drop, event("a"))))
	one := written(drop)
	statements := one[strings.Index(one, "UPDATE msgext_messages"):strings.LastIndex(one, "COMMIT")]
	assert.Contains(t, written(drop, drop), statements+statements)
}

// The next event that does not follow the floor passes over the versions seen above it, so that the
// rows of a busy poll do not accumulate up to their limit.
func TestStore_PassesOverInTheSecondStep(t *testing.T) {
	url, db := schema(t)
	store, m := open(t, url), statetest.NewMessage()
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	for _, version := range []int64{1, 3, 2, 4, 6, 5, 7} {
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a"), heard, state.MarkNow))
	}
	var floor int64
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT floor FROM msgext_messages").Scan(&floor))
	assert.EqualValues(t, 7, floor)
}
