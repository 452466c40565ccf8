// Command ordinary is a Lambda function as somebody writes it for one app: package peer with one
// delivery and a log line for every request. DELIVERY names the delivery as MSGEXT_SINKS or
// MSGEXT_STATE does.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/bench/peer"
)

func main() {
	deliver, err := open(context.Background(), os.Getenv("DELIVERY"))
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(peer.APIProxy(deliver, slog.New(slog.NewJSONHandler(os.Stdout, nil))))
}
