// Command read is the Lambda function that answers with one message's key-values. It accepts the
// events of a function URL, a REST or HTTP API and a load balancer.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/functions/internal/readwire"
	"msgext/internal/awssdk"
	"msgext/internal/driver/awsstores"
	"msgext/internal/entry"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/reader"
)

func main() {
	entry.Function()
	logger := entry.CloudLogger(os.Stdout)
	reading := entry.Must(readwire.Function(context.Background(), os.Environ(), awsstores.List(awssdk.Variables(os.Getenv), 1), logger))
	lambda.Start(awsgw.New(reading, http.HandlerFunc(reader.Malformed)))
}
