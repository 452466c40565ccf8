package mysqlstate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/state/statetest"
)

func BenchmarkScale(b *testing.B) {
	statetest.BenchmarkScale(b, scaled(b), scaled(b))
}

// scaled opens a store in a database of its own.
func scaled(b *testing.B) statetest.Scaled {
	url, db := schema(b)
	store := open(b, url)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	return statetest.Scaled{Store: store, Copy: sqlstatetest.Copy(sqlstatetest.SQLTables{DB: db, Quote: "`"}), Bytes: func() (size int64) {
		// The sizes are those of the last time that the tables were analyzed.
		_, err := db.ExecContext(b.Context(), "ANALYZE TABLE msgext_messages, msgext_entries")
		require.NoError(b, err)
		const query = "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()"
		require.NoError(b, db.QueryRowContext(b.Context(), query).Scan(&size))
		return size
	}}
}
