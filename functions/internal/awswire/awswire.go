// Package awswire names the drivers that the AWS binaries link.
package awswire

import (
	"msgext/functions/internal/wire"
)

// Drivers returns the drivers for AWS.
func Drivers() wire.Drivers {
	return wire.Drivers{
		Stores: map[string]wire.OpenStore{
			"redis":  wire.Redis,
			"rediss": wire.Redis,
		},
		Sinks: map[string]wire.OpenSink{
			"stdout": wire.Stdout,
		},
	}
}
