package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"msgext/internal/config"
	"msgext/internal/driver/stores"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// Connections are the opened store and sinks. The store is nil where there is none.
type Connections struct {
	Store state.Store
	Sinks []sink.Sink
}

// Open opens the store and the sinks of a configuration that Load has returned.
func (d Drivers) Open(ctx context.Context, cfg config.Config) (Connections, error) {
	var c Connections
	if !cfg.State.IsZero() {
		store, err := stores.Open(ctx, d.Stores, cfg.State)
		if err != nil {
			return Connections{}, err
		}
		c.Store = store
	}
	for _, location := range cfg.Sinks {
		i := slices.IndexFunc(d.Sinks, func(s Sink) bool { return slices.Contains(s.Schemes, location.Scheme) })
		opened, err := d.Sinks[i].Open(ctx, cfg, location)
		if err != nil {
			return Connections{}, errors.Join(fmt.Errorf("open MSGEXT_SINKS: %w", err), c.Close())
		}
		c.Sinks = append(c.Sinks, opened)
	}
	return c, nil
}

// LoadAndOpen calls Load and Open.
func (d Drivers) LoadAndOpen(ctx context.Context, environ []string, function config.Function) (config.Config, Connections, error) {
	cfg, err := d.Load(environ, function)
	if err != nil {
		return config.Config{}, Connections{}, err
	}
	c, err := d.Open(ctx, cfg)
	return cfg, c, err
}

// Close closes everything that is open.
func (c Connections) Close() error {
	var errs []error
	closers := make([]io.Closer, 0, len(c.Sinks)+1)
	for _, s := range c.Sinks {
		closers = append(closers, s)
	}
	if c.Store != nil {
		closers = append(closers, c.Store)
	}
	for _, closer := range closers {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}
