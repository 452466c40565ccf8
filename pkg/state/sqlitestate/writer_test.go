package sqlitestate_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

// A write that fails does not affect the other writes of its commit.
func TestWriter_AFailedWriteAffectsNoOtherWrite(t *testing.T) {
	database, _, err := sqlitestate.OpenDatabase(t.Context(), path(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, database.Close()) })
	_, err = database.Write(t.Context(), sqlstate.Write{Statements: []sqlstate.Statement{{SQL: "CREATE TABLE t (n INTEGER CHECK (n % 5 <> 0)) STRICT"}}})
	require.NoError(t, err)

	const writers = 64
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			rows, err := database.Write(t.Context(), sqlstate.Write{Statements: []sqlstate.Statement{
				{SQL: "INSERT INTO t VALUES (?1), (?2)", Args: []any{1000*n + 1, 1000*n + 2}},
				{SQL: "INSERT INTO t VALUES (?1)", Args: []any{n}},
			}})
			if n%5 == 0 {
				assert.ErrorContains(t, err, "CHECK constraint failed")
				return
			}
			assert.NoError(t, err)
			assert.Equal(t, []int64{2, 1}, rows, "what each statement changed")
		})
	}
	all.Wait()
	var count int
	require.NoError(t, database.Read(t.Context(), []sqlstate.Query{{
		Statement: sqlstate.Statement{SQL: "SELECT count(*) FROM t"},
		Row:       func(scan func(...any) error) error { return scan(&count) },
	}}))
	assert.Equal(t, 3*51, count, "of a write that failed nothing is left")
}

// A caller that gives up gets its error at once, and does not affect the other writes.
func TestWriter_ACallerThatGivesUpAffectsNoOtherWrite(t *testing.T) {
	store := open(t)
	m := statetest.NewMessage()
	var all sync.WaitGroup
	for version := int64(1); version <= 100; version++ {
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(cancel)
		all.Go(func() {
			if err := store.Apply(ctx, statetest.SetEvent(m, version, "v", fmt.Sprint(version)), heard, state.MarkNow); err != nil {
				assert.ErrorIs(t, err, context.Canceled)
				assert.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", fmt.Sprint(version)), heard, state.MarkNow))
			}
		})
	}
	all.Wait()
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.EqualValues(t, 100, record.State.Contiguous())
	assert.Len(t, record.State.Visible(), 100)
	require.NoError(t, store.Close())
}

func TestStore_Closed(t *testing.T) {
	store := open(t)
	m := statetest.NewMessage()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := store.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow); err != nil {
				assert.ErrorIs(t, err, sqlitestate.ErrClosed)
			}
		})
	}
	assert.NoError(t, store.Close())
	all.Wait()
	assert.ErrorIs(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow), sqlitestate.ErrClosed)
	_, err := store.Load(t.Context(), m)
	assert.Error(t, err)
	assert.NoError(t, store.Close(), "once more")
}
