package bench

import (
	"context"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"

	"msgext/internal/processtest"
)

var binaries *processtest.Builder

// stackVariable makes this test binary a Lambda function that runs the named stack.
const stackVariable = "BENCH_STACK"

func TestMain(m *testing.M) {
	switch stack := os.Getenv(stackVariable); stack {
	case "bare":
		serveBare()
	case "backend", "relay", "reverse-proxy":
		serveRelayed(stack)
	case "ours":
		lambda.Start(oursAWS())
	case "api-proxy":
		lambda.Start(apiProxy())
	case "empty":
		lambda.Start(func(context.Context) (map[string]any, error) { return map[string]any{"statusCode": 200}, nil })
	}
	os.Exit(processtest.Main(m, func(b *processtest.Builder) { binaries = b }))
}
