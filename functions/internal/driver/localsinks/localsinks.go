// Package localsinks lists the sinks that need no client of their own.
package localsinks

import (
	"context"
	"errors"
	"io"

	"msgext/functions/internal/driver"
	"msgext/internal/config"
	"msgext/pkg/sink"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/stdoutsink"
)

// List returns their drivers. What goes to stdout: is written to stdout.
func List(stdout io.Writer) []driver.Sink {
	return []driver.Sink{
		writer(stdout),
		http(),
	}
}

func writer(stdout io.Writer) driver.Sink {
	return driver.Sink{
		Schemes: []string{"stdout"},
		Check: func(_ config.Config, location config.Location) error {
			if location.Place() != "" {
				return errors.New("stdout: takes nothing after the colon")
			}
			return nil
		},
		Open: func(context.Context, config.Config, config.Location) (sink.Sink, error) {
			return stdoutsink.New(stdout), nil
		},
	}
}

// http has two schemes; httpsink sees to it that http: leads to loopback alone.
func http() driver.Sink {
	options := func(cfg config.Config, location config.Location) httpsink.Options {
		return httpsink.Options{URL: location.URL, AllowLinkLocal: cfg.HTTP.AllowLinkLocal}
	}
	return driver.Sink{
		Schemes: []string{"http", "https"},
		Check: func(cfg config.Config, location config.Location) error {
			_, err := httpsink.New(options(cfg, location))
			return err
		},
		Settings: func(cfg config.Config) []config.Problem {
			for _, s := range cfg.HTTP.Secrets {
				if err := httpsink.CheckSecret(s); err != nil {
					return []config.Problem{{Variable: "MSGEXT_HTTP_SECRET", Problem: err.Error(), Example: "whsec_c2VjcmV0"}}
				}
			}
			return nil
		},
		Open: func(_ context.Context, cfg config.Config, location config.Location) (sink.Sink, error) {
			o := options(cfg, location)
			o.Secrets = cfg.HTTP.Secrets
			return httpsink.New(o)
		},
	}
}
