// Command webhook is the Lambda function behind the URL that the Chat console is given. It takes
// the events of a REST or HTTP API, a function URL or a load balancer, whichever stands in front.
package main

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/functions/internal/awswire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/metric"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/receiver"
)

func main() {
	started := time.Now()
	drivers := awswire.Drivers()
	cfg := wire.Must(config.FromEnviron(os.Environ(), config.Webhook, drivers.Linked()))
	connections := wire.Must(drivers.Open(context.Background(), cfg))
	logger := wire.CloudLogger(os.Stdout)
	wire.Announce(cfg, logger)
	rc := receiver.New(wire.Must(wire.ReceiverOptions(cfg, connections, logger, metric.Embedded, started)))
	lambda.Start(awsgw.New(rc, http.HandlerFunc(rc.Malformed)))
}
