// Command repair is the SCF function that a timer invokes every minute, and an operator with the
// name of a message.
package main

import (
	"context"
	"os"

	"github.com/tencentyun/scf-go-lib/cloudfunction"

	"msgext/functions/internal/repairwire"
	"msgext/functions/internal/wire"
	"msgext/functions/scf/internal/lazy"
	"msgext/functions/scf/internal/scfwire"
	"msgext/internal/config"
	"msgext/internal/metric"
)

func main() {
	logger := wire.CloudLogger(os.Stdout)
	cloudfunction.StartHandler(lazy.New(func() (lazy.Handler, error) {
		cfg, connections, err := scfwire.Open(context.Background(), config.Repair)
		if err != nil {
			return nil, err
		}
		wire.LogDurability(context.Background(), connections.Store, logger)
		return repairwire.Repairer(cfg, connections, logger, metric.Plain)
	}, lazy.Failing(logger)))
}
