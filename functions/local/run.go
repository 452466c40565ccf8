package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"msgext/functions/internal/logqueue"
	"msgext/functions/internal/process"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/localsinks"
	"msgext/internal/driver/localstores"
	"msgext/internal/entry"
	"msgext/internal/repairwire"
	"msgext/pkg/secret"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = entry.ExitConfiguration
)

// logWait is how long the end of the process waits for a log that nobody reads.
const logWait = time.Second

// repairEvery is the pause between two runs of repair. A minute would be long for somebody who
// tries the product.
const repairEvery = 5 * time.Second

// madeUpAppID is the app's id where none is configured.
const madeUpAppID = "1400000000"

// options is the parsed command line.
type options struct {
	address  string
	webhooks string
	simulate bool
	faults   bool
	keep     bool
	seed     uint64
}

// run serves until ctx is done, or plays one simulation, and returns the exit status. Logs and text
// for people go to stderr, events to stdout.
func run(ctx context.Context, args, environ []string, stdout, log io.Writer) int {
	stderr := logqueue.New(log)
	defer stderr.Close(logWait)
	opts, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	drivers := driver.Drivers{Stores: localstores.List(), Sinks: localsinks.List(stdout), Checks: []config.Check{repairwire.CheckChat}}
	var cfg config.Config
	if err == nil {
		cfg, err = configure(environ, drivers, opts)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if err := start(ctx, cfg, drivers, opts, stderr); err != nil {
		fmt.Fprintln(stderr, "local:", err)
		return exitFailed
	}
	return exitOK
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.address, "addr", "127.0.0.1:8080", "loopback address to serve on")
	flags.StringVar(&o.webhooks, "webhooks", "", "second loopback address, which serves webhooks and nothing else: the one for a tunnel")
	flags.BoolVar(&o.simulate, "simulate", false, "play Chat: signed traffic against this process, repair, compare, exit")
	flags.BoolVar(&o.faults, "faults", false, "with -simulate: lose, double, reorder, delay and forge webhooks")
	flags.BoolVar(&o.keep, "keep", false, "with -simulate: go on serving afterwards, to look at what came of it")
	flags.Uint64Var(&o.seed, "seed", 0, "with -simulate: the seed of history and faults; a fresh one when 0")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("local: unexpected argument %q", flags.Arg(0))
	}
	if (o.faults || o.keep) && !o.simulate {
		return o, errors.New("local: -faults and -keep go with -simulate")
	}
	if o.seed == 0 {
		o.seed = mathrand.Uint64()
	}
	if err := process.CheckAddress("-addr", o.address); err != nil {
		return o, fmt.Errorf("local: %w", err)
	}
	if o.webhooks != "" {
		if err := process.CheckAddress("-webhooks", o.webhooks); err != nil {
			return o, fmt.Errorf("local: %w", err)
		}
	}
	return o, nil
}

// configure reads the environment. A simulation keeps its state in memory and drops its events,
// unless the environment says otherwise.
func configure(environ []string, drivers driver.Drivers, o options) (config.Config, error) {
	given := func(name string) bool {
		return slices.ContainsFunc(environ, func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
	}
	if o.simulate && !given("MSGEXT_STATE") {
		environ = append(slices.Clone(environ), "MSGEXT_STATE=memory:")
	}
	cfg, err := drivers.Load(environ, config.Local)
	if o.simulate && !given("MSGEXT_SINKS") {
		cfg.Sinks = nil
	}
	return cfg, err
}

// start opens everything, serves, and closes everything.
func start(ctx context.Context, cfg config.Config, drivers driver.Drivers, o options, stderr io.Writer) (err error) {
	madeUp := makeUp(&cfg)
	level := slog.LevelInfo
	if o.simulate {
		level = slog.LevelError // it would log thousands of webhooks that are lost on purpose
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	wire.WarnLocal(cfg, logger)
	l, err := open(ctx, cfg, drivers, o, logger, madeUp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if o.simulate {
		return l.simulate(ctx, o, stderr)
	}
	greet(stderr, l.Process, cfg, madeUp)
	return l.serve(ctx)
}

// makeUp fills in what a first run has not configured. It reports whether the token is made up, and
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
