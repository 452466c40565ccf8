package sqlitestate_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

func open(t *testing.T) state.Store {
	t.Helper()
	store, err := sqlitestate.Open(t.Context(), filepath.Join(t.TempDir(), "what? 100% #1.db"))
	require.NoError(t, err)
	return store
}

func TestStore(t *testing.T) { statetest.Run(t, open) }
