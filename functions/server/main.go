// Command server is the product in one long-running process, with every driver. It is for a
// container, an SCF web function or a machine of one's own. It answers webhooks and reads, repairs,
// and has a second address for operators.
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
	// A closed stdout is then a failed write and does not end the process.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, started, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
