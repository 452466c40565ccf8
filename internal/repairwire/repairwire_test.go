package repairwire_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/repairwire"
	"msgext/pkg/chatapi"
	"msgext/pkg/sink"
)

// On SCF each invocation opens the connections anew until that succeeds, so a failure must close
// them.
func TestRepairer_ClosesWhatItCannotUse(t *testing.T) {
	failed := errors.New("close")
	connections := driver.Connections{Sinks: []sink.Sink{closing{err: failed}}}
	_, err := repairwire.Repairer(config.Config{Chat: config.Chat{Endpoint: "singapore"}}, connections, slog.New(slog.DiscardHandler), nil)
	require.ErrorIs(t, err, chatapi.ErrOptions)
	require.ErrorIs(t, err, failed)
	_, err = repairwire.Repairer(config.Config{}, connections, slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
}

// closing is a sink that tells by its error that it was closed.
type closing struct {
	sink.Sink
	err error
}

func (c closing) Close() error { return c.err }
