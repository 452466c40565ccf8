// Package driver loads a program's configuration and opens the store and the sinks that it names. A
// driver is one value with a check and an opener: state.Driver for a store, Sink for a destination.
// A program links the drivers that it lists.
//
// # Lists
//
// The lists are the packages below this one. A driver brings its vendor's client, and the linker
// keeps every driver of a list, used or not. Each client makes a binary larger, and is one more
// module that may need an update. So there is a list for each set that some program needs, and most
// lists are one function of a few lines. Stores and sinks have separate lists, because a program
// that only reads links no sink.
//
//	List         Drivers                                 Programs
//	localstores  memory:, sqlite:                        functions/local
//	basestores   redis:
//	sqlstores    postgres:, mysql:
//	scfstores    basestores and sqlstores                functions/scf
//	awsstores    basestores and sqlstores, dynamodb:     functions/aws
//	allstores    localstores, awsstores and scfstores    functions/server, cmd/msgext
//
//	localsinks   stdout:, https:                         functions/local
//	basesinks    localsinks, kafka:                      functions/scf
//	awssinks     basesinks, sqs:, eventbridge:           functions/aws, functions/server, cmd/msgext
//
// Package stores is no list. It opens a store, for the functions that read, which do not import
// this package because it imports pkg/sink. pkg/imports_test.go says what each program may link.
package driver

import (
	"context"
	"slices"

	"msgext/internal/config"
	"msgext/internal/driver/stores"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// Sink is a driver of destinations. A store's URL says everything about it, but a sink may have
// variables of its own as well.
type Sink struct {
	// Schemes are the beginnings of the URLs of such destinations, without the colon.
	Schemes []string

	// Check says what is wrong with a location. It names the rule, never the content. It does no
	// I/O.
	Check func(config.Config, config.Location) error

	// Settings says what is wrong with the driver's own variables, even where the driver is not
	// used. It is nil where the driver has none.
	Settings config.Check

	// Open opens a location that has passed Check. I/O that can wait for the first use waits for
	// it, because the cold start of a function pays for it otherwise.
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

// Load reads the configuration of a program from an environment in the form of os.Environ. Every
// driver checks the variables that concern it. The error is a *config.Error with all problems.
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
