// Command repair is the Lambda function that a schedule invokes every minute, and an operator with the
// name of a message.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/functions/internal/awswire"
	"msgext/functions/internal/repairwire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/metric"
)

func main() {
	drivers := awswire.Drivers()
	cfg := wire.Must(config.FromEnviron(os.Environ(), config.Repair, drivers.Linked()))
	connections := wire.Must(drivers.Open(context.Background(), cfg))
	logger := wire.CloudLogger(os.Stdout)
	wire.LogDurability(context.Background(), connections.Store, logger)
	lambda.Start(wire.Must(repairwire.Repairer(cfg, connections, logger, metric.Embedded)))
}
