// Package driver loads a program's configuration and opens what it names. A driver is one value, a
// check and an opener: state.Driver for a store, Sink for a destination. What a program links is
// what it lists; the packages below this one are the lists, stores and sinks apart, so that a
// program that only reads links no sink.
package driver

import (
	"context"
	"slices"

	"msgext/internal/config"
	"msgext/internal/driver/stores"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// Sink is a driver of destinations. Other than a store's, whose URL says all, it has variables of
// its own.
type Sink struct {
	// Schemes begin the URLs of such destinations, without the colon.
	Schemes []string

	// Check says what is wrong with a location: the rule, never the content. It does no I/O.
	Check func(config.Config, config.Location) error

	// Settings says what is wrong with the driver's own variables, whether or not they are used. It
	// is nil where there are none.
	Settings config.Check

	// Open opens a location that Check has passed. It does no I/O that the first use could do as
	// well, because the cold start of a function pays for it.
	Open func(context.Context, config.Config, config.Location) (sink.Sink, error)
}

// Drivers are what a program can open. The zero value is a program that opens nothing.
type Drivers struct {
	Stores []state.Driver
	Sinks  []Sink

	// Checks look at variables that other parts of the program use, such as the client of Chat's
	// REST API.
	Checks []config.Check
}

// Load reads the configuration of a program from an environment in the form of os.Environ, and has
// every driver look at what concerns it. Its error is a *config.Error with all problems.
func (d Drivers) Load(environ []string, function config.Function) (config.Config, error) {
	linked := stores.Linked(d.Stores)
	linked.Checks = slices.Clone(d.Checks)
	for _, s := range d.Sinks {
		linked.Sinks = append(linked.Sinks, config.Driver{Schemes: s.Schemes, Check: s.Check})
		if s.Settings != nil {
			linked.Checks = append(linked.Checks, s.Settings)
		}
	}
	return config.FromEnviron(environ, function, linked)
}
