// Package wire makes what a main needs out of its configuration: the state store, the
// sinks and the receiver. A binary links only the drivers that its main names; the same names
// tell the configuration what to refuse.
package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"msgext/internal/config"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// OpenStore opens a state store. It does no I/O that the first use could do as well: a cold start
// pays for it.
type OpenStore func(context.Context, config.Config) (state.Store, error)

// OpenSink opens a sink, with the same care.
type OpenSink func(context.Context, config.Config, config.Location) (sink.Sink, error)

// Drivers are the drivers a binary links, by URL scheme.
type Drivers struct {
	Stores map[string]OpenStore
	Sinks  map[string]OpenSink
}

// Linked names the drivers for the configuration's checks.
func (d Drivers) Linked() config.Drivers {
	return config.Drivers{
		States: slices.Sorted(maps.Keys(d.Stores)),
		Sinks:  slices.Sorted(maps.Keys(d.Sinks)),
	}
}

// Connections are the opened store, nil for none, and sinks.
type Connections struct {
	Store state.Store
	Sinks []sink.Sink
}

// Open opens what the configuration names.
func (d Drivers) Open(ctx context.Context, cfg config.Config) (Connections, error) {
	var c Connections
	var err error
	if !cfg.State.IsZero() {
		if c.Store, err = d.Stores[cfg.State.Scheme](ctx, cfg); err != nil {
			return Connections{}, fmt.Errorf("open MSGEXT_STATE: %w", err)
		}
	}
	for _, location := range cfg.Sinks {
		opened, err := d.Sinks[location.Scheme](ctx, cfg, location)
		if err != nil {
			return Connections{}, errors.Join(fmt.Errorf("open MSGEXT_SINKS: %w", err), c.Close())
		}
		c.Sinks = append(c.Sinks, opened)
	}
	return c, nil
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
