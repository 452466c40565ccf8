// Command state reads or erases one message in any state store, or lists them all: what stands behind scripts/read and
// scripts/forget.
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
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
