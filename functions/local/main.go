// Command local is the product in one process on loopback, for a first look and for development:
// the receiver, a store without a server, the console and a simulated Chat. It needs no
// configuration.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"msgext/internal/entry"
)

func main() {
	entry.Version()
	signal.Ignore(syscall.SIGPIPE) // a stream whose reader has gone is an error of that stream, not the process's end
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
