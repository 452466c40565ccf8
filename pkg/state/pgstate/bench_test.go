package pgstate_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader/readertest"
	"msgext/pkg/state/statetest"
)

// BenchmarkApply compares an event with the cost of PostgreSQL itself: plain upserts in one
// pipeline.
func BenchmarkApply(b *testing.B) {
	url, conn := schema(b)
	_, err := conn.Exec(b.Context(), "CREATE TABLE IF NOT EXISTS test_floor (id bytea, n bigint, key text, value text, PRIMARY KEY (id, n))")
	require.NoError(b, err)
	b.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "DROP TABLE test_floor")
		require.NoError(b, err)
	})
	config, err := pgxpool.ParseConfig(url)
	require.NoError(b, err)
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	value := strings.Repeat("v", 100)
	store := open(b, url)
	statetest.BenchmarkInTurns(b, store, func(writer, n, rows int, shared bool) error {
		var batch pgx.Batch
		for row := range rows {
			id, at := []byte{byte(writer)}, n*rows+row
			if row == 0 && shared {
				id, at = []byte{255}, 0
			}
			batch.Queue("INSERT INTO test_floor VALUES ($1, $2, $3, $4) ON CONFLICT (id, n) DO UPDATE SET key = excluded.key, value = excluded.value",
				id, at%300, "key", fmt.Sprint(value, n))
		}
		return pool.SendBatch(b.Context(), &batch).Close()
	})
	require.NoError(b, store.Close())
}

// BenchmarkRead compares reading through the function with the documented query and with a query
// for the bare rows.
func BenchmarkRead(b *testing.B) {
	url, _ := schema(b)
	store := open(b, url)
	pool, err := pgxpool.New(b.Context(), url)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	count := func(ctx context.Context, query string, arguments ...any) (found int, err error) {
		rows, err := pool.Query(ctx, query, arguments...)
		if err != nil {
			return 0, err
		}
		for ; rows.Next(); found++ {
			var kv msgext.KeyValue
			if err := rows.Scan(&kv.Key, &kv.Value, &kv.Seq); err != nil {
				return 0, err
			}
		}
		return found, rows.Err()
	}
	readertest.BenchmarkRead(b, store, readertest.Query{Name: "documented", Run: func(ctx context.Context, m msgext.Message, _ bool) (int, error) {
		return count(ctx, "SELECT key, value, seq FROM message_extensions WHERE group_id = $1 AND msg_seq = $2", m.GroupID, m.MsgSeq)
	}}, readertest.Query{Name: "bare", Run: func(ctx context.Context, m msgext.Message, isRead bool) (int, error) {
		id := sha256.Sum256([]byte(m.Path()))
		if isRead {
			return count(ctx, "SELECT key, value, seq FROM msgext_read_keys WHERE message = $1", id[:])
		}
		return count(ctx, "SELECT key, value, seq FROM msgext_entries WHERE message = $1", id[:])
	}})
	require.NoError(b, store.Close())
}
