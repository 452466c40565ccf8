package wire

import (
	"fmt"
	"log/slog"

	"msgext/internal/config"
	"msgext/internal/metric"
	"msgext/pkg/gateway"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
)

// withRelay adds the configured backend of the app.
func withRelay(options receiver.Options, cfg config.Config) (receiver.Options, error) {
	if cfg.Relay.URL == "" {
		return options, nil
	}
	backend, err := relay.New(relay.Options{
		URL: cfg.Relay.URL, Headers: cfg.Relay.Headers, AllowLinkLocal: cfg.HTTP.AllowLinkLocal, AllowPlain: cfg.HTTP.AllowPlain,
	})
	if err != nil {
		return receiver.Options{}, fmt.Errorf("open MSGEXT_RELAY: %w", err)
	}
	options.Relay, options.RelayBudget, options.RelayPass = backend, cfg.Relay.Budget, !cfg.Relay.Allow
	return options, nil
}

// Unready returns a receiver that answers every request with the error that the function is not
// ready.
func Unready(environ []string, logger *slog.Logger, metrics metric.Format) *receiver.Receiver {
	return receiver.New(receiver.Options{
		Logger: logger, Metrics: metrics, RequestID: gateway.RequestID,
		RelayPass: config.RelayPasses(environ),
	})
}
