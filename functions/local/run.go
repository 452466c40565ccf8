package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"

	"msgext/functions/internal/wire"
	"msgext/pkg/config"
	"msgext/pkg/metric"
	"msgext/pkg/secret"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = wire.ExitConfiguration
)

// madeUpAppID stands in for an app's id where none is configured.
const madeUpAppID = "1400000000"

// run is the process: it serves until ctx is done and returns the exit status. Logs and what is
// meant for people go to stderr, events to stdout.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	address := flags.String("addr", "127.0.0.1:8080", "loopback address to serve on")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	drivers := drivers(stdout)
	cfg, err := config.FromEnviron(environ, config.Local, drivers.Linked())
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("local: unexpected argument %q", flags.Arg(0))
	}
	if err == nil {
		err = checkLoopback(*address)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	madeUp := makeUp(&cfg)
	logger := slog.New(slog.NewTextHandler(stderr, nil))

	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	defer func() {
		if err := connections.Close(); err != nil {
			logger.Error("close", "error", err)
		}
	}()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		fmt.Fprintf(stderr, "local: %v; -addr 127.0.0.1:0 takes any free port\n", err)
		return exitFailed
	}
	server := newServer(handler(wire.ReceiverOptions(cfg, connections, logger, metric.Off), connections.Store, cfg.SDKAppID), logger)
	greet(stderr, "http://"+listener.Addr().String(), cfg, madeUp)
	if err := serve(ctx, server, listener); err != nil {
		logger.Error("serve", "error", err)
		return exitFailed
	}
	return exitOK
}

// makeUp fills in what a first run has not configured, and reports whether the token is made up and
// so may be shown.
func makeUp(cfg *config.Config) bool {
	if cfg.SDKAppID == "" {
		cfg.SDKAppID = madeUpAppID
	}
	if len(cfg.Tokens) > 0 || cfg.AllowUnsigned {
		return false
	}
	cfg.Tokens = []secret.String{secret.String(rand.Text())}
	return true
}

func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("local: -addr: not of the form 127.0.0.1:8080")
	}
	if !isLoopback(host) {
		return errors.New("local: -addr: this process shows webhooks to whoever asks, so it serves on loopback only; use a tunnel to reach it from outside")
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
