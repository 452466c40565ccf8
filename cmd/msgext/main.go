// Command msgext is the operator's tool. It reads, erases and lists messages of a store, and reads
// messages back from Chat. It tests what is deployed or will be, and makes a database's tables.
// `msgext -h` lists its verbs, and `msgext VERB -h` describes one.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], console{os.Environ(), os.Stdin, os.Stdout, os.Stderr, wait})
	stop()
	os.Exit(status)
}
