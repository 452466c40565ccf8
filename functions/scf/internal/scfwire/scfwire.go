// Package scfwire names the drivers that the SCF binaries link.
package scfwire

import (
	"context"
	"os"

	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
)

// Open reads a function's configuration from the environment and opens what it names.
func Open(ctx context.Context, function config.Function) (config.Config, wire.Connections, error) {
	drivers := Drivers()
	cfg, err := config.FromEnviron(os.Environ(), function, drivers.Linked())
	if err != nil {
		return config.Config{}, wire.Connections{}, err
	}
	connections, err := drivers.Open(ctx, cfg)
	return cfg, connections, err
}

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
