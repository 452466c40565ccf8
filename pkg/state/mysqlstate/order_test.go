package mysqlstate_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

// keeping is a database that stores the writes it gets.
type keeping struct {
	sqlstate.Database
	writes []sqlstate.Write
	missed bool // the last statement of a write changes nothing
}

func (k *keeping) Write(_ context.Context, write sqlstate.Write) ([]int64, error) {
	k.writes = append(k.writes, write)
	rows := slices.Repeat([]int64{1}, len(write.Statements))
	if k.missed {
		rows[len(rows)-1] = 0
	}
	return rows, nil
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

// Whether the floor has reached the versions of a message is asked once, after all of them, and
// what was seen above it is passed over once, before all of them. Other messages are asked for
// themselves.
func TestWrites_TheLastAnswersForTheVersionsOfItsMessage(t *testing.T) {
	database := &keeping{missed: true}
	store, m, other := sqlstate.New(database, mysqlstate.Dialect), statetest.NewMessage(), statetest.NewMessage()
	for version := range int64(3) {
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version+5, "v", "a"), heard, state.MarkNow))
	}
	require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(other, 9, "v", "a"), heard, state.MarkNow))
	require.Len(t, database.writes, 8, "an event, and its second step")
	var first, second []sqlstate.Write
	for i, write := range database.writes {
		if i%2 == 0 {
			first = append(first, write)
		} else {
			second = append(second, write)
		}
	}
	text, err := mysqlstate.WriteText(first...)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(text, "INSERT INTO"))
	assert.Equal(t, 2, strings.Count(text, "floor >= ?"))
	text, err = mysqlstate.WriteText(second...)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(text, "UPDATE msgext_messages SET floor"))
	assert.Equal(t, 4, strings.Count(text, "INSERT INTO msgext_seen"))
	text, err = mysqlstate.WriteText(first[0], second[0], first[1])
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(text, "floor >= ?"), "also where a second step is between them")
}

// A transaction gives each of its writes its own results.
func TestWrites_ThatShareATransaction_GetTheirOwnResults(t *testing.T) {
	url, db := schema(t)
	database := new(keeping)
	store, m, gap := sqlstate.New(database, mysqlstate.Dialect), statetest.NewMessage(), statetest.NewMessage()
	for _, event := range []msgext.Event{
		statetest.SetEvent(gap, 1, "v", "a"), statetest.SetEvent(gap, 3, "v", "a", "b"),
		statetest.SetEvent(m, 1, "v", "a", "b"), statetest.SetEvent(m, 2, "v", "a"),
	} {
		require.NoError(t, store.Apply(t.Context(), event, heard, state.MarkNow))
	}
	rows, err := mysqlstate.Commit(t.Context(), secret.String(url), database.writes...)
	require.NoError(t, err)
	last := make([]int64, len(rows))
	for i := range rows {
		require.Len(t, rows[i], len(database.writes[i].Statements))
		last[i] = rows[i][len(rows[i])-1]
	}
	assert.Equal(t, []int64{0, 0, 1, 1}, last, "one gap of a message, and the other message has none")
	var floor int64
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT sum(floor) FROM msgext_messages").Scan(&floor))
	assert.EqualValues(t, 3, floor)
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
