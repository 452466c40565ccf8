package wire_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/functions/internal/wire"
	"msgext/internal/config"
)

// Without a token the start says what is open, and with a relay that the backend is.
func TestAnnounce_Unsigned(t *testing.T) {
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
		wire.Announce(test.cfg, slog.New(slog.NewTextHandler(&log, nil)))
		assert.Contains(t, log.String(), test.says)
		assert.NotContains(t, log.String(), test.saysNot)
	}
}
