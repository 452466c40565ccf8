// Command repair is the Lambda function that a schedule invokes every minute, and an operator with the
// name of a message.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/functions/internal/awssdk"
	"msgext/functions/internal/driver"
	"msgext/functions/internal/driver/awssinks"
	"msgext/functions/internal/driver/awsstores"
	"msgext/functions/internal/repairwire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/metric"
)

func main() {
	sdk := new(awssdk.SDK)
	drivers := driver.Drivers{Stores: awsstores.List(sdk), Sinks: awssinks.List(sdk, os.Stdout), Checks: []config.Check{repairwire.CheckChat}}
	cfg := wire.Must(drivers.Load(os.Environ(), config.Repair))
	connections := wire.Must(drivers.Open(context.Background(), cfg))
	logger := wire.CloudLogger(os.Stdout)
	wire.LogDurability(context.Background(), connections.Store, logger)
	lambda.Start(wire.Must(repairwire.Repairer(cfg, connections, logger, metric.Embedded)))
}
