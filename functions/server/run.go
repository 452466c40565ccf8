package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"msgext/functions/internal/logqueue"
	"msgext/functions/internal/process"
	"msgext/functions/internal/wire"
	"msgext/functions/server/internal/admin"
	"msgext/internal/awssdk/awschain"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/allstores"
	"msgext/internal/driver/awssinks"
	"msgext/internal/entry"
	"msgext/internal/repairwire"
	"msgext/internal/version"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = entry.ExitConfiguration
)

// logWait is how long the end of the process waits for a log that nobody reads.
const logWait = 200 * time.Millisecond

// closeTime is how long closing the store and the sinks may take, of the 5 s in which the process
// ends.
const closeTime = 800 * time.Millisecond

// run serves until ctx is done and returns the exit status. Logs go to stderr, events to stdout.
// started is when the process started.
func run(ctx context.Context, started time.Time, args, environ []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if opts.onDemand {
		// No log queue: lines in it could be lost when the platform freezes the process.
		opts.started = started
	} else {
		queue := logqueue.New(stderr)
		defer queue.Close(logWait)
		stderr = queue
	}
	load := awschain.New()
	drivers := driver.Drivers{Stores: allstores.List(load), Sinks: awssinks.List(load, stdout), Checks: []config.Check{repairwire.CheckChat, opts.checkChat}}
	var cfg config.Config
	if err == nil {
		cfg, err = drivers.Load(environ, config.Server)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if err := start(ctx, cfg, drivers, opts, stderr); err != nil {
		fmt.Fprintln(stderr, "server:", err)
		return exitFailed
	}
	return exitOK
}

// start opens everything, serves, and closes everything.
func start(ctx context.Context, cfg config.Config, drivers driver.Drivers, o options, stderr io.Writer) (err error) {
	logger := entry.CloudLogger(stderr)
	logger.Info("start", startLine(cfg, o)...)
	wire.Warn(cfg, logger)
	metrics := admin.NewMetrics(version.Text())
	p, err := process.Open(ctx, cfg, drivers, logger, process.Options{
		Address: o.address, Proxies: o.proxies, AtOnce: o.maxRequests, Refused: metrics.Overloaded,
		RepairEvery: o.repairEvery, Metrics: metrics.Format, Started: o.started,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeWithin(closeTime, p)) }()
	if o.admin != "" {
		close, err := serveAdmin(ctx, o.admin, admin.New(metrics, ready(ctx, p.Connections.Store, cfg.SDKAppID), logger), stderr, logger)
		if err != nil {
			return err
		}
		defer close()
	}
	fmt.Fprintf(stderr, "msgext serves on %s: %s takes webhooks by POST\n", p.URL, process.Takes(cfg.Path))
	return p.Serve(ctx, nil, func() { logger.Info("stopping: what was accepted is answered first") })
}

// closeWithin closes the store and the sinks, and waits at most d. What is not closed by then ends
// with the process.
func closeWithin(d time.Duration, c io.Closer) error {
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(d):
		return nil
	}
}

// serveAdmin listens for operators until the returned function is called. That is later than for
// webhooks, so that operators get an answer while the process stops.
func serveAdmin(ctx context.Context, address string, handler http.Handler, stderr io.Writer, logger *slog.Logger) (func(), error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-admin-addr: %w", err)
	}
	server := process.NewServer(handler, logger)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the admin address is served no more", "error", err)
		}
	}()
	fmt.Fprintf(stderr, "msgext admin on http://%s: /healthz /readyz /metrics\n", listener.Addr())
	return func() { _ = server.Close() }, nil // no client is left
}

// ready reads a message that does not exist, to test whether the store answers.
func ready(ctx context.Context, store state.Loader, app string) func(context.Context) error {
	return func(asked context.Context) error {
		if ctx.Err() != nil {
			return admin.ErrStopping
		}
		_, err := store.Load(asked, msgext.Message{SDKAppID: app, GroupID: "msgext-ready", MsgSeq: 1})
		if errors.Is(err, state.ErrNotFound) {
			return nil
		}
		return err
	}
}

// startLine returns the attributes of the first log line. They say which settings there are, never
// their values.
func startLine(cfg config.Config, o options) []any {
	sinks := make([]string, len(cfg.Sinks))
	for i, location := range cfg.Sinks {
		sinks[i] = location.Scheme
	}
	return []any{
		"version", version.Text(), "app_id", cfg.SDKAppID, "state", cfg.State.Scheme, "sinks", strings.Join(sinks, " "),
		"relay", cfg.Relay.URL != "", "path", cfg.Path != "", "allow_from", len(cfg.AllowFrom), "read_tokens", len(cfg.ReadTokens),
		"chat_api", cfg.Chat.Endpoint != "", "repair_read_all", cfg.ReadAll, "on_demand", o.onDemand,
	}
}
