package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	"msgext/functions/internal/awssdk"
	"msgext/functions/internal/driver"
	"msgext/functions/internal/driver/allstores"
	"msgext/functions/internal/driver/awssinks"
	"msgext/functions/internal/entry"
	"msgext/functions/internal/logqueue"
	"msgext/functions/internal/process"
	"msgext/functions/internal/repairwire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = entry.ExitConfiguration
)

// logWait is how long the end of the process waits for a log that takes nothing.
const logWait = time.Second

// run serves until ctx is done and returns the exit status. Logs go to stderr, events to stdout.
func run(ctx context.Context, args, environ []string, stdout, log io.Writer) int {
	stderr := logqueue.New(log)
	defer stderr.Close(logWait)
	address, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	sdk := new(awssdk.SDK)
	drivers := driver.Drivers{Stores: allstores.List(sdk), Sinks: awssinks.List(sdk, stdout), Checks: []config.Check{repairwire.CheckChat}}
	var cfg config.Config
	if err == nil {
		cfg, err = drivers.Load(environ, config.Server)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if err := start(ctx, cfg, drivers, address, stderr); err != nil {
		fmt.Fprintln(stderr, "server:", err)
		return exitFailed
	}
	return exitOK
}

func parse(args []string, stderr io.Writer) (address string, err error) {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&address, "addr", "127.0.0.1:8080", "loopback address to serve on")
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	if flags.NArg() > 0 {
		return "", fmt.Errorf("server: unexpected argument %q", flags.Arg(0))
	}
	if err := process.CheckAddress("-addr", address); err != nil {
		return "", fmt.Errorf("server: %w", err)
	}
	return address, nil
}

// start opens everything, serves, and closes everything.
func start(ctx context.Context, cfg config.Config, drivers driver.Drivers, address string, stderr io.Writer) (err error) {
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	wire.Announce(cfg, logger)
	p, err := process.Open(ctx, cfg, drivers, logger, process.Options{Address: address})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	fmt.Fprintf(stderr, "msgext serves on %s: any path takes webhooks by POST\n", p.URL)
	return p.Serve(ctx, nil, func() {})
}
