// Package stores is the part of package driver that is about stores. It is separate for a program
// that links no sink.
package stores

import (
	"context"
	"fmt"
	"slices"

	"msgext/internal/config"
	"msgext/pkg/state"
)

// Linked returns what the configuration of a program with these drivers may name.
func Linked(drivers []state.Driver) config.Linked {
	var linked config.Linked
	for _, d := range drivers {
		linked.Stores = append(linked.Stores, config.Driver{
			Schemes: d.Schemes,
			Check:   func(_ config.Config, location config.Location) error { return d.Check(location.URL) },
		})
	}
	return linked
}

// Open opens the store at a location. The location's configuration was loaded with these drivers.
func Open(ctx context.Context, drivers []state.Driver, location config.Location) (state.Store, error) {
	i := slices.IndexFunc(drivers, func(d state.Driver) bool { return slices.Contains(d.Schemes, location.Scheme) })
	store, err := drivers[i].Open(ctx, location.URL)
	if err != nil {
		return nil, fmt.Errorf("open MSGEXT_STATE: %w", err)
	}
	return store, nil
}
