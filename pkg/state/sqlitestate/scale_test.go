package sqlitestate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

func BenchmarkScale(b *testing.B) {
	scaled := func(name string) statetest.Scaled {
		file := filepath.Join(b.TempDir(), name)
		store, err := sqlitestate.Open(b.Context(), file)
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, store.Close()) })
		return statetest.Scaled{Store: store, Bytes: func() int64 {
			info, err := os.Stat(file)
			require.NoError(b, err)
			return info.Size()
		}}
	}
	statetest.BenchmarkScale(b, scaled("small.db"), scaled("large.db"))
}
