// Command repair is the Lambda function that repairs. A schedule invokes it every minute. An
// operator can invoke it with the name of a message.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/functions/internal/wire"
	"msgext/internal/awssdk"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/awssinks"
	"msgext/internal/driver/awsstores"
	"msgext/internal/entry"
	"msgext/internal/metric"
	"msgext/internal/repairwire"
	"msgext/pkg/repair"
)

func main() {
	entry.Version()
	load := awssdk.Variables(os.Getenv)
	drivers := driver.Drivers{Stores: awsstores.List(load, repair.DefaultConcurrency), Sinks: awssinks.List(load, os.Stdout), Checks: []config.Check{repairwire.CheckChat}}
	cfg := entry.Must(drivers.Load(os.Environ(), config.Repair))
	connections := entry.Must(drivers.Open(context.Background(), cfg))
	logger := entry.CloudLogger(os.Stdout)
	wire.LogDurability(context.Background(), connections.Store, logger)
	lambda.Start(entry.Must(repairwire.Repairer(cfg, connections, logger, metric.Embedded(os.Getenv("AWS_LAMBDA_FUNCTION_NAME")))))
}
