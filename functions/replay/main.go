// Command replay reads messages from Chat and tells the store and every sink, whatever became of their webhooks: what
// stands behind scripts/replay.
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
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
