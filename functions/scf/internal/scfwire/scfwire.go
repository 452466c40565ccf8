// Package scfwire names the drivers that the SCF binaries link.
package scfwire

import (
	"msgext/functions/internal/wire"
)

// Drivers returns the drivers for SCF.
func Drivers() wire.Drivers {
	return wire.Drivers{
		Sinks: map[string]wire.OpenSink{
			"stdout": wire.Stdout,
		},
	}
}
