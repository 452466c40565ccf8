package main

import (
	"context"
	"io"

	"msgext/functions/internal/awswire"
	"msgext/functions/internal/wire"
	"msgext/pkg/config"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/sqlitestate"
)

// drivers returns every driver there is: the local process is where all can be tried.
func drivers(stdout io.Writer) wire.Drivers {
	all := wire.Drivers{
		Stores: map[string]wire.OpenStore{
			"memory": func(context.Context, config.Config) (state.Store, error) { return memstate.New(), nil },
			"sqlite": func(ctx context.Context, cfg config.Config) (state.Store, error) {
				return sqlitestate.Open(ctx, cfg.State.Rest.Reveal())
			},
			"postgres": func(ctx context.Context, cfg config.Config) (state.Store, error) {
				return pgstate.Open(ctx, cfg.State.URL)
			},
			"redis":  wire.Redis,
			"rediss": wire.Redis,
		},
		Sinks: map[string]wire.OpenSink{
			"stdout": wire.Writer(stdout),
			"http":   wire.HTTP,
			"https":  wire.HTTP,
			"kafka":  wire.Kafka,
		},
	}
	awswire.Add(all)
	return all
}
