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
	// A closed stdout is then a failed write and does not end the process.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
