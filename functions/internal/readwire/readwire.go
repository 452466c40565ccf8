// Package readwire makes the reader from a configuration. It is separate from packages wire and
// driver, which link the sinks and the receiver: the read function must link neither.
package readwire

import (
	"context"
	"log/slog"

	"msgext/internal/config"
	"msgext/internal/driver/stores"
	"msgext/pkg/gateway"
	"msgext/pkg/reader"
	"msgext/pkg/state"
)

// New returns a reader as configured.
func New(cfg config.Config, store state.Loader, logger *slog.Logger) *reader.Reader {
	return reader.New(reader.Options{
		Store: store, SDKAppID: cfg.SDKAppID, Tokens: cfg.ReadTokens,
		Logger: logger, RequestID: gateway.RequestID,
	})
}

// Function returns the reader of a read function, configured by an environment in the form of
// os.Environ.
func Function(ctx context.Context, environ []string, drivers []state.Driver, logger *slog.Logger) (*reader.Reader, error) {
	cfg, err := config.FromEnviron(environ, config.Read, stores.Linked(drivers))
	if err != nil {
		return nil, err
	}
	store, err := stores.Open(ctx, drivers, cfg.State)
	if err != nil {
		return nil, err
	}
	return New(cfg, store, logger), nil
}
