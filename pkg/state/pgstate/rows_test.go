package pgstate_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/statetest"
)

// keeping is a database that stores the writes it gets.
type keeping struct {
	sqlstate.Database
	writes []sqlstate.Write
}

func (k *keeping) Write(_ context.Context, write sqlstate.Write) ([]int64, error) {
	k.writes = append(k.writes, write)
	return make([]int64, len(write.Statements)), nil
}

// together makes calls in one transaction, and on a store in memory that has had the calls before.
// Both must end alike. It returns the number of statements.
func together(t *testing.T, url string, memory state.Store, messages []msgext.Message, calls ...func(state.Store) error) int {
	t.Helper()
	database := new(keeping)
	store := sqlstate.New(database, pgstate.Dialect)
	for _, call := range calls {
		require.NoError(t, call(store))
		require.NoError(t, call(memory))
	}
	rows, statements, err := pgstate.Commit(t.Context(), secret.String(url), database.writes...)
	require.NoError(t, err)
	require.Len(t, rows, len(database.writes))
	for i, write := range database.writes {
		assert.Len(t, rows[i], len(write.Statements))
	}
	stored := open(t, url)
	for _, m := range messages {
		want, wantErr := memory.Load(t.Context(), m)
		got, err := stored.Load(t.Context(), m)
		assert.Equal(t, wantErr == nil, err == nil)
		assert.Equal(t, want.State, got.State)
		assert.Equal(t, want.Check, got.Check)
	}
	require.NoError(t, stored.Close())
	return statements
}

// Events that share a transaction are one insert a table, as long as no row is in it twice.
func TestWrites_ThatShareATransaction(t *testing.T) {
	url, _ := schema(t)
	for _, mode := range []string{"", "&default_query_exec_mode=exec", "&default_query_exec_mode=simple_protocol"} {
		memory := memstate.New()
		messages := []msgext.Message{statetest.NewMessage(), statetest.NewMessage(), statetest.NewMessage()}
		unheard := statetest.NewMessage()
		event := func(of int, version int64, mark state.Mark, keys ...string) func(state.Store) error {
			return func(s state.Store) error {
				return s.Apply(t.Context(), statetest.SetEvent(messages[of], version, fmt.Sprint(version, ` {"a", \N} NULL '' `, "\x00"), keys...), heard, mark)
			}
		}
		marked := func(of int, version int64) func(state.Store) error {
			return func(s state.Store) error { return s.MarkSeen(t.Context(), messages[of], version) }
		}
		doubt := func(of int) func(state.Store) error {
			return func(s state.Store) error { return s.Doubt(t.Context(), messages[of], heard, state.FromWebhook) }
		}
		for _, test := range []struct {
			name       string
			calls      []func(state.Store) error
			statements int
		}{
			{"of one message each", []func(state.Store) error{
				event(0, 1, state.MarkNow, "a"), event(1, 1, state.MarkNow, "a", "b", ""), event(2, 1, state.MarkNow, "c"),
			}, 3},
			{"of one message", []func(state.Store) error{
				event(0, 2, state.MarkNow, "x"), event(0, 3, state.MarkNow, "y"), event(0, 4, state.MarkNow, "z"),
			}, 3 + 1 + 3},
			{"with a gap", []func(state.Store) error{
				event(0, 9, state.MarkNow, "a"), event(1, 2, state.MarkNow, "a"), event(2, 7, state.MarkNow, "a"),
			}, 3},
			{"of one key", []func(state.Store) error{
				event(0, 10, state.MarkLater, "a"), event(0, 11, state.MarkLater, "a"), event(1, 3, state.MarkLater, "a"),
			}, 2 + 2},
			{"marks", []func(state.Store) error{marked(0, 10), marked(1, 3), marked(2, 2)}, 3 + 1},
			{"a mark before an event", []func(state.Store) error{
				marked(0, 11),
				func(s state.Store) error {
					return s.Apply(t.Context(), statetest.SetEvent(unheard, 5, "v", "a"), heard, state.MarkNow)
				},
			}, 2 + 3},
			{"a key twice", []func(state.Store) error{event(1, 4, state.MarkNow, "a", "a")}, 1 + 2 + 1},
			{"of another kind between them", []func(state.Store) error{
				event(0, 12, state.MarkLater, "a"), doubt(1), event(2, 8, state.MarkLater, "a"),
			}, 2 + 1 + 2},
		} {
			t.Run(test.name+mode, func(t *testing.T) {
				assert.Equal(t, test.statements, together(t, url+mode, memory, append(messages, unheard), test.calls...))
			})
		}
	}
}

// What is handled is in the floor, and not in rows that accumulate until the next check.
func TestStore_RaisesTheFloorAtOnce(t *testing.T) {
	url, conn := schema(t)
	store, m := open(t, url), statetest.NewMessage()
	mentions := func(version, latest int64) msgext.Event {
		event := statetest.SetEvent(m, version, "v", "a")
		event.Seq = latest
		return event
	}
	for _, step := range []struct {
		event msgext.Event
		floor int64
	}{
		{mentions(1, 1), 1}, {mentions(3, 3), 1}, {mentions(4, 4), 1}, {mentions(2, 2), 4}, {mentions(6, 9), 4}, {mentions(5, 9), 6}, {mentions(7, 9), 7},
	} {
		require.NoError(t, store.Apply(t.Context(), step.event, heard, state.MarkNow))
		var floor int64
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT floor FROM msgext_messages WHERE group_id = $1", m.GroupID).Scan(&floor))
		assert.Equal(t, step.floor, floor)
	}
	require.NoError(t, store.Close())
}
