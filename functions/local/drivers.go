package main

import (
	"io"

	"msgext/functions/internal/wire"
)

// drivers returns every driver there is: the local process is where all can be tried.
func drivers(stdout io.Writer) wire.Drivers {
	return wire.Drivers{
		Sinks: map[string]wire.OpenSink{
			"stdout": wire.Writer(stdout),
		},
	}
}
