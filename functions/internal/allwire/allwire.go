// Package allwire names every driver there is, for the programs that run on a developer's machine.
package allwire

import (
	"context"
	"io"

	"msgext/functions/internal/awswire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/sqlitestate"
)

// Drivers returns every driver. The stdout: sink writes to stdout.
func Drivers(stdout io.Writer) wire.Drivers {
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
