package wire_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/pkg/relay"
	"msgext/pkg/sink"
)

// Without a token the start logs who can send webhooks, and with a relay that anybody reaches the
// backend.
func TestWarn_Unsigned(t *testing.T) {
	const events, backend = "can send events", "can reach the backend"
	for _, test := range []struct {
		cfg           config.Config
		says, saysNot string
	}{
		{config.Config{AllowUnsigned: true}, events, backend},
		{config.Config{AllowUnsigned: true, Relay: config.Relay{URL: "https://planted.example/"}}, backend, "planted"},
		{config.Config{Relay: config.Relay{URL: "https://planted.example/"}}, "", "MSGEXT_ALLOW_UNSIGNED"},
	} {
		var log bytes.Buffer
		wire.Warn(test.cfg, slog.New(slog.NewTextHandler(&log, nil)))
		assert.Contains(t, log.String(), test.says)
		assert.NotContains(t, log.String(), test.saysNot)
	}
}

// The start logs what it costs to announce every message.
func TestWarn_EveryMessage(t *testing.T) {
	for text, says := range map[string]bool{"*": true, "group_poll": false} {
		var log bytes.Buffer
		wire.Warn(config.Config{Announce: []string{text}}, slog.New(slog.NewTextHandler(&log, nil)))
		assert.Equal(t, says, bytes.Contains(log.Bytes(), []byte("costs a write and 4 reads")), text)
	}
}

// The start logs that http:// to other machines was allowed.
func TestWarn_PlainHTTP(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		var log bytes.Buffer
		wire.Warn(config.Config{HTTP: config.HTTP{AllowPlain: allowed}}, slog.New(slog.NewTextHandler(&log, nil)))
		assert.Equal(t, allowed, bytes.Contains(log.Bytes(), []byte("MSGEXT_HTTP_ALLOW_PLAIN")))
	}
}

// The receiver gets the configuration of the relay, and when the process started.
func TestReceiverOptions_Relay(t *testing.T) {
	started := time.Unix(1700000000, 0)
	cfg := config.Config{Relay: config.Relay{URL: "https://169.254.1.1/", Budget: time.Second, Headers: []relay.Header{{Name: "X-Key", Value: "a"}}}}
	_, err := wire.ReceiverOptions(cfg, driver.Connections{}, slog.New(slog.DiscardHandler), nil, started)
	require.ErrorIs(t, err, relay.ErrLinkLocal)
	cfg.HTTP.AllowLinkLocal = true
	options, err := wire.ReceiverOptions(cfg, driver.Connections{}, slog.New(slog.DiscardHandler), nil, started)
	require.NoError(t, err)
	assert.NotNil(t, options.Relay)
	assert.Equal(t, time.Second, options.RelayBudget)
	assert.True(t, options.RelayPass)
	assert.Equal(t, started, options.Started)
	cfg.Relay.Allow = true
	options, err = wire.ReceiverOptions(cfg, driver.Connections{}, slog.New(slog.DiscardHandler), nil, started)
	require.NoError(t, err)
	assert.False(t, options.RelayPass)
	options, err = wire.ReceiverOptions(config.Config{}, driver.Connections{}, slog.New(slog.DiscardHandler), nil, started)
	require.NoError(t, err)
	assert.Nil(t, options.Relay)
	assert.False(t, options.RelayPass)
}

// On SCF each invocation opens the connections anew until that succeeds, so a failure must close
// them.
func TestReceiver_ClosesWhatItCannotUse(t *testing.T) {
	failed := errors.New("close")
	connections := driver.Connections{Sinks: []sink.Sink{closing{err: failed}}}
	_, err := wire.Receiver(config.Config{Relay: config.Relay{URL: "https://169.254.1.1/"}}, connections, slog.New(slog.DiscardHandler), nil, time.Time{})
	require.ErrorIs(t, err, relay.ErrLinkLocal)
	require.ErrorIs(t, err, failed)
	_, err = wire.Receiver(config.Config{}, connections, slog.New(slog.DiscardHandler), nil, time.Time{})
	require.NoError(t, err)
}

// closing is a sink that tells by its error that it was closed.
type closing struct {
	sink.Sink
	err error
}

func (c closing) Close() error { return c.err }
