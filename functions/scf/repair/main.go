// Command repair is the SCF function that repairs. A timer invokes it every minute. An operator can
// invoke it with the name of a message.
package main

import (
	"context"
	"os"

	"msgext/functions/internal/wire"
	"msgext/functions/scf/internal/start"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/basesinks"
	"msgext/internal/driver/scfstores"
	"msgext/internal/entry"
	"msgext/internal/metric"
	"msgext/internal/repairwire"
	"msgext/pkg/repair"
)

func main() {
	entry.Version()
	logger := entry.CloudLogger(os.Stdout)
	drivers := driver.Drivers{Stores: scfstores.List(repair.DefaultConcurrency), Sinks: basesinks.List(os.Stdout, nil), Checks: []config.Check{repairwire.CheckChat}}
	start.Function(start.Lazy(func() (start.Handler, error) {
		cfg, connections, err := drivers.LoadAndOpen(context.Background(), os.Environ(), config.Repair)
		if err != nil {
			return nil, err
		}
		wire.LogDurability(context.Background(), connections.Store, logger)
		return repairwire.Repairer(cfg, connections, logger, metric.Plain)
	}, start.Failing(logger)))
}
