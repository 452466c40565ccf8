// Package scfwire names the drivers that the SCF binaries link.
package scfwire

import (
	"context"

	"msgext/functions/internal/wire"
	"msgext/pkg/config"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
)

// Drivers returns the drivers for SCF.
func Drivers() wire.Drivers {
	return wire.Drivers{
		Stores: map[string]wire.OpenStore{
			"postgres": func(ctx context.Context, cfg config.Config) (state.Store, error) {
				return pgstate.Open(ctx, cfg.State.URL)
			},
			"redis":  wire.Redis,
			"rediss": wire.Redis,
		},
		Sinks: map[string]wire.OpenSink{
			"stdout": wire.Stdout,
			"http":   wire.HTTP, // to loopback, which the configuration sees to
			"https":  wire.HTTP,
			"kafka":  wire.Kafka,
		},
	}
}
