package entry_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/entry"
)

func TestOneProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(2)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })

	t.Setenv("GOMAXPROCS", "2") // as an operator sets it; Setenv restores the variable afterwards
	entry.OneProcessor()
	assert.Equal(t, 2, runtime.GOMAXPROCS(0))

	assert.NoError(t, os.Unsetenv("GOMAXPROCS"))
	entry.OneProcessor()
	assert.Equal(t, 1, runtime.GOMAXPROCS(0))
}
