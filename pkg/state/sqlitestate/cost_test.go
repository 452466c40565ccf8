package sqlitestate_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

// counting counts the statements that reach a database.
type counting struct {
	sqlstate.Database
	statements *int
}

func (d counting) Write(ctx context.Context, write sqlstate.Write) ([]int64, error) {
	*d.statements += len(write.Statements)
	return d.Database.Write(ctx, write)
}

// The cost of an event, in statements and in pages written, is that of its own keys, however many
// keys its message has and however large its last read was.
func TestStore_CostsWhatTheEventCosts(t *testing.T) {
	const page = 4096 + 24 // with its header in the log, sqlite.org/fileformat2.html#walformat
	statements, pages := make(map[int]int), make(map[int]int64)
	for _, keys := range []int{3, 300} {
		path := filepath.Join(t.TempDir(), "state.db")
		database, db, err := sqlitestate.OpenDatabase(t.Context(), path)
		require.NoError(t, err)
		var count int
		store := sqlstate.New(counting{database, &count}, sqlitestate.Dialect)

		m := statetest.NewMessage()
		read := msgext.Snapshot{Number: 1, Latest: int64(keys)}
		for key := range keys {
			kv := msgext.KeyValue{Key: fmt.Sprint(key), Value: strings.Repeat("v", msgext.MaxValueBytes), Seq: int64(key + 1)}
			read.KeyValues = append(read.KeyValues, kv)
			kv.Seq += int64(keys)
			require.NoError(t, store.Apply(t.Context(), msgext.Event{
				Message: m, Operation: msgext.Set, Seq: kv.Seq, KeyValues: []msgext.KeyValue{kv},
			}, heard, state.MarkNow))
		}
		require.NoError(t, store.Merge(t.Context(), m, read))
		truncate(t, db)

		count = 0
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1000, "w", "1", "2"), heard, state.MarkNow))
		statements[keys] = count
		info, err := os.Stat(path + "-wal")
		require.NoError(t, err)
		pages[keys] = info.Size() / page
		require.NoError(t, store.Close())
	}
	assert.Equal(t, statements[3], statements[300])
	assert.InDelta(t, pages[3], pages[300], 3, "a page or two more on the way down a larger tree")
}

// truncate empties the log, so that it then has only the next writes.
func truncate(t *testing.T, db *sql.DB) {
	t.Helper()
	var busy, log, checkpointed int
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &checkpointed))
	require.Zero(t, busy)
}
