package sqlitestate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

func BenchmarkScale(b *testing.B) {
	scaled := func(name string) statetest.Scaled {
		file := filepath.Join(b.TempDir(), name)
		database, pool, err := sqlitestate.OpenDatabase(b.Context(), file)
		require.NoError(b, err)
		store := sqlstate.New(database, sqlitestate.Dialect)
		b.Cleanup(func() { require.NoError(b, store.Close()) })
		return statetest.Scaled{Store: store, Copy: sqlstatetest.Copy(sqlstatetest.SQLTables{DB: pool, Quote: `"`}), Bytes: func() int64 {
			info, err := os.Stat(file)
			require.NoError(b, err)
			return info.Size()
		}}
	}
	statetest.BenchmarkScale(b, scaled("small.db"), scaled("large.db"))
}
