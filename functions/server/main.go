// Command server is the product in one long-running process, with every driver: for a container, an
// SCF web function or a machine of one's own. It answers webhooks and reads, repairs, and has an
// address for operators.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"msgext/internal/entry"
)

func main() {
	entry.Version()
	started := time.Now()
	signal.Ignore(syscall.SIGPIPE) // a stream whose reader has gone is an error of that stream, not the process's end
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, started, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
