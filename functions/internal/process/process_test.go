package process

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/pkg/state/memstate"
)

// A process that is frozen between requests does not repair: another one does.
func TestProcess_RepairsOnlyIfItIsTo(t *testing.T) {
	for _, every := range []time.Duration{0, time.Minute} {
		p, err := open(config.Config{}, driver.Connections{Store: memstate.New()}, slog.New(slog.DiscardHandler),
			Options{Address: "127.0.0.1:0", RepairEvery: every})
		require.NoError(t, err)
		assert.Equal(t, every > 0, p.repairer != nil, every)
		require.NoError(t, p.listener.Close())
		require.NoError(t, p.Close())
	}
}
