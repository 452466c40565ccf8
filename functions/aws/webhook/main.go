// Command webhook is the Lambda function behind the URL in the Chat console. It accepts the events
// of a REST or HTTP API, a function URL and a load balancer.
package main

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/functions/internal/wire"
	"msgext/internal/awssdk"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/awssinks"
	"msgext/internal/driver/awsstores"
	"msgext/internal/entry"
	"msgext/internal/metric"
	"msgext/pkg/gateway/awsgw"
)

func main() {
	entry.Function()
	started := time.Now()
	load := awssdk.Variables(os.Getenv)
	drivers := driver.Drivers{Stores: awsstores.List(load, 1), Sinks: awssinks.List(load, os.Stdout)}
	cfg := entry.Must(drivers.Load(os.Environ(), config.Webhook))
	connections := entry.Must(drivers.Open(context.Background(), cfg))
	logger := entry.CloudLogger(os.Stdout)
	rc := entry.Must(wire.Receiver(cfg, connections, logger, metric.Embedded(os.Getenv("AWS_LAMBDA_FUNCTION_NAME")), started))
	adapter := awsgw.New(rc, http.HandlerFunc(rc.Malformed))
	adapter.SingleValued = wire.SingleValued(logger)
	lambda.Start(adapter)
}
