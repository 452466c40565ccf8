package sqlitestate_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/pkg/msgext"
	"msgext/pkg/reader/readertest"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

func BenchmarkApply(b *testing.B) {
	store, err := sqlitestate.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	require.NoError(b, err)
	statetest.BenchmarkApply(b, store)
	require.NoError(b, store.Close())
}

// BenchmarkFloor measures SQLite itself: plain prepared inserts of the rows that an event of the
// given number of keys must write, on one connection, with several events per synced commit.
func BenchmarkFloor(b *testing.B) {
	_, db, err := sqlitestate.OpenDatabase(b.Context(), filepath.Join(b.TempDir(), "floor.db"))
	require.NoError(b, err)
	ctx := context.Background()
	_, err = db.ExecContext(ctx, "CREATE TABLE bare (id BLOB, digest BLOB, n INTEGER, key TEXT, value TEXT, PRIMARY KEY (id, digest)) WITHOUT ROWID")
	require.NoError(b, err)
	conn, err := db.Conn(ctx)
	require.NoError(b, err)
	exec := func(statement *sql.Stmt, args ...any) {
		if _, err := statement.ExecContext(ctx, args...); err != nil {
			b.Fatal(err)
		}
	}
	prepare := func(text string) *sql.Stmt {
		statement, err := conn.PrepareContext(ctx, text)
		require.NoError(b, err)
		return statement
	}
	begin, commit := prepare("BEGIN IMMEDIATE"), prepare("COMMIT")
	insert := prepare("INSERT OR REPLACE INTO bare VALUES (?1, ?2, ?3, ?4, ?5)")

	var digests [msgext.MaxKeys][]byte
	for i := range digests {
		digest := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		digests[i] = digest[:]
	}
	value := strings.Repeat("v", 100)
	event := func(n, keys int) { // to one of sixteen messages
		id := digests[n%16]
		exec(insert, id, []byte{}, n, "message", "")
		for i := range keys {
			exec(insert, id, digests[(n/16*keys+i)%len(digests)], n, "key", value)
		}
	}
	for _, test := range []struct{ group, keys int }{{1, 1}, {1, 20}, {16, 1}, {16, 20}} {
		b.Run(fmt.Sprintf("group=%d/keys=%d", test.group, test.keys), func(b *testing.B) {
			b.ReportAllocs()
			for n := range b.N {
				if n%test.group == 0 {
					exec(begin)
				}
				event(n, test.keys)
				if n%test.group == test.group-1 || n == b.N-1 {
					exec(commit)
				}
			}
		})
	}
}

// BenchmarkRead compares reading through the function with the documented query and with a query
// for the bare rows.
func BenchmarkRead(b *testing.B) {
	database, db, err := sqlitestate.OpenDatabase(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	require.NoError(b, err)
	store := sqlstate.New(database, sqlitestate.Dialect)
	count := func(ctx context.Context, query string, arguments ...any) (found int, err error) {
		rows, err := db.QueryContext(ctx, query, arguments...)
		if err != nil {
			return 0, err
		}
		for ; rows.Next(); found++ {
			var kv msgext.KeyValue
			if err := rows.Scan(&kv.Key, &kv.Value, &kv.Seq); err != nil {
				return 0, err
			}
		}
		return found, errors.Join(rows.Err(), rows.Close())
	}
	readertest.BenchmarkRead(b, store, readertest.Query{Name: "documented", Run: func(ctx context.Context, m msgext.Message, _ bool) (int, error) {
		return count(ctx, "SELECT key, value, seq FROM message_extensions WHERE group_id = ?1 AND msg_seq = ?2", m.GroupID, m.MsgSeq)
	}}, readertest.Query{Name: "bare", Run: func(ctx context.Context, m msgext.Message, isRead bool) (int, error) {
		id := sha256.Sum256([]byte(m.Path()))
		if isRead {
			return count(ctx, "SELECT key, value, seq FROM msgext_read_keys WHERE message = ?1", id[:])
		}
		return count(ctx, "SELECT key, value, seq FROM msgext_entries WHERE message = ?1", id[:])
	}})
	require.NoError(b, store.Close())
}
