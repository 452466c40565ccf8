// Command msgext is the operator's tool: it reads, erases and lists what a store holds, reads
// messages back from Chat, tries out what is deployed or about to be, and makes a database's
// tables. `msgext -h` lists its verbs, `msgext VERB -h` tells of one.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], console{os.Environ(), os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
