package mysqlstate_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"msgext/pkg/state/statetest"
)

func BenchmarkApply(b *testing.B) {
	url, _ := schema(b)
	store := open(b, url)
	statetest.BenchmarkApply(b, store)
	require.NoError(b, store.Close())
}

// BenchmarkFloor is what MySQL itself costs: bare upserts of the rows that an event of so many keys touches, in one transaction and
// one packet, each writer on rows of its own.
func BenchmarkFloor(b *testing.B) {
	_, db := schema(b)
	_, err := db.ExecContext(b.Context(), "CREATE TABLE test_floor (id BINARY(1), n BIGINT, k VARBINARY(255), value MEDIUMBLOB, PRIMARY KEY (id, n)) ENGINE = InnoDB")
	require.NoError(b, err)
	var name, address string
	require.NoError(b, db.QueryRowContext(b.Context(), "SELECT DATABASE(), @@port").Scan(&name, &address))
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = "msgext", "tcp", "127.0.0.1:"+address, name
	config.MultiStatements, config.InterpolateParams = true, true
	pool, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(b, err)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	b.Cleanup(func() { require.NoError(b, pool.Close()) })
	value := strings.Repeat("v", 100)
	for _, test := range []struct{ writers, rows int }{{1, 1}, {1, 2}, {1, 21}, {16, 2}, {16, 21}} {
		b.Run(fmt.Sprintf("writers=%d/rows=%d", test.writers, test.rows), func(b *testing.B) {
			b.ReportAllocs()
			statetest.Writers(b, test.writers, func(writer, n int) error {
				text, args := strings.Builder{}, []any(nil)
				text.WriteString("START TRANSACTION;\n")
				for row := range test.rows {
					text.WriteString("INSERT INTO test_floor VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE k = VALUES(k), value = VALUES(value);\n")
					args = append(args, []byte{byte(writer)}, (n*test.rows+row)%300, []byte("key"), fmt.Sprint(value, n))
				}
				text.WriteString("COMMIT")
				_, err := pool.ExecContext(b.Context(), text.String(), args...)
				return err
			})
		})
	}
}
