package mysqlstate_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	neturl "net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader/readertest"
	"msgext/pkg/state/statetest"
)

// BenchmarkApply compares an event with the cost of MySQL itself: plain upserts in one transaction
// and one packet.
func BenchmarkApply(b *testing.B) {
	url, db := schema(b)
	_, err := db.ExecContext(b.Context(), "CREATE TABLE test_floor (id BINARY(1), n BIGINT, k VARBINARY(255), value MEDIUMBLOB, PRIMARY KEY (id, n)) ENGINE = InnoDB")
	require.NoError(b, err)
	pool := bare(b, url)
	value := strings.Repeat("v", 100)
	store := open(b, url)
	statetest.BenchmarkInTurns(b, store, func(writer, n, rows int, shared bool) error {
		text, args := strings.Builder{}, []any(nil)
		text.WriteString("START TRANSACTION;\n")
		for row := range rows {
			id, at := []byte{byte(writer)}, n*rows+row
			if row == 0 && shared {
				id, at = []byte{255}, 0
			}
			text.WriteString("INSERT INTO test_floor VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE k = VALUES(k), value = VALUES(value);\n")
			args = append(args, id, at%300, []byte("key"), fmt.Sprint(value, n))
		}
		text.WriteString("COMMIT")
		_, err := pool.ExecContext(b.Context(), text.String(), args...)
		return err
	})
	require.NoError(b, store.Close())
}

// bare returns the plain driver's connections to a test's database.
func bare(b *testing.B, url string) *sql.DB {
	b.Helper()
	u, err := neturl.Parse(url)
	require.NoError(b, err)
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = u.User.Username(), "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	config.MultiStatements, config.InterpolateParams = true, true
	pool, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(b, err)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	b.Cleanup(func() { require.NoError(b, pool.Close()) })
	return pool
}

// BenchmarkRead compares reading through the function with the documented query and with a query
// for the bare rows.
func BenchmarkRead(b *testing.B) {
	url, _ := schema(b)
	store, pool := open(b, url), bare(b, url)
	count := func(ctx context.Context, query string, arguments ...any) (found int, err error) {
		rows, err := pool.QueryContext(ctx, query, arguments...)
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
		return count(ctx, "SELECT `key`, value, seq FROM message_extensions WHERE group_id = ? AND msg_seq = ?", m.GroupID, m.MsgSeq)
	}}, readertest.Query{Name: "bare", Run: func(ctx context.Context, m msgext.Message, isRead bool) (int, error) {
		id := sha256.Sum256([]byte(m.Path()))
		if isRead {
			return count(ctx, "SELECT kv.k, kv.v, kv.seq FROM msgext_reads r, JSON_TABLE(r.key_values, '$[*]' COLUMNS ("+
				"k LONGTEXT PATH '$.Key', v LONGTEXT PATH '$.Value', seq BIGINT PATH '$.Seq')) kv WHERE r.message = ?", id[:])
		}
		return count(ctx, "SELECT `key`, value, seq FROM msgext_entries WHERE message = ?", id[:])
	}})
	require.NoError(b, store.Close())
}
