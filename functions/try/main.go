// Command try sends samples to what is deployed or about to be: to a URL (scripts/send), to an SCF binary on this
// machine (scripts/invoke), and to the Lambda functions that SAM has built (scripts/sam-local).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"msgext/functions/internal/entry"
)

func main() {
	entry.Version()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], console{os.Environ(), os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
