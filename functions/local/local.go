package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"msgext/functions/internal/process"
	"msgext/functions/local/internal/console"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/pkg/gateway"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/state"
	"msgext/pkg/webhook"
)

// local is the process with its console.
type local struct {
	*process.Process
	cfg     config.Config
	logger  *slog.Logger
	console *console.Console
}

func open(ctx context.Context, cfg config.Config, drivers driver.Drivers, o options, logger *slog.Logger, madeUp bool) (*local, error) {
	l := &local{cfg: cfg, logger: logger}
	p, err := process.Open(ctx, cfg, drivers, logger, process.Options{
		Address: o.address, Webhooks: o.webhooks, Personal: true, RepairEvery: repairEvery,
		Webhook:  func(o receiver.Observation) { l.console.Observe(o) },
		Repaired: func(m msgext.Message, read msgext.Snapshot, at time.Time) { l.console.Repaired(m, read, at) },
	})
	if err != nil {
		return nil, err
	}
	l.Process = p
	l.console = console.New(l.consoleOptions(madeUp))
	return l, nil
}

// serve serves until ctx is done.
func (l *local) serve(ctx context.Context) error {
	return l.Serve(ctx, l.console.Handler(), l.console.Close)
}

func (l *local) consoleOptions(madeUp bool) console.Options {
	options := console.Options{
		SDKAppID: l.cfg.SDKAppID, BaseURL: l.URL + l.cfg.Path, MaxBodyBytes: l.cfg.MaxBodyBytes,
		Load: l.Connections.Store.Load, List: l.list,
		Send: func(ctx context.Context, method, query string, body []byte) (int, []byte) {
			request := gateway.Request{Method: method, Path: cmp.Or(l.cfg.Path, "/"), RawQuery: query, Body: body}
			reply := gateway.Serve(l.Webhooks, request.HTTP(ctx))
			text, _ := reply.Body() // always JSON, so that there is no error
			return reply.Status(), text
		},
		HideSigned: !madeUp,
		Simulate:   l.simulateFor,
		Repairs:    l.Repairs(),
	}
	for _, preset := range presets() {
		options.Presets = append(options.Presets, preset.name)
	}
	if len(l.cfg.Tokens) > 0 {
		options.Sign = func(requestTime string) string { return webhook.Sign(l.cfg.Tokens[0], requestTime) }
	}
	return options
}

// list returns a page of the messages in the store.
func (l *local) list(ctx context.Context, after string, limit int) (console.Page, error) {
	listed, err := l.Connections.Store.Each(ctx, state.Cursor(after), limit)
	page := console.Page{Next: string(listed.Next), More: listed.More}
	for _, head := range listed.Heads {
		page.Messages = append(page.Messages, head.Message)
	}
	return page, err
}

var errDiffers = errors.New("some messages are not as the simulated Chat has them")

// simulate serves while one simulation is played, and prints the result.
func (l *local) simulate(ctx context.Context, o options, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- l.serve(ctx) }()
	which := presets()[0]
	if o.faults {
		which = presets()[len(presets())-1]
	}
	outcome, err := l.play(ctx, which, o.seed, audience{stderr, func(console.Progress) {}})
	if err == nil {
		outcome.print(stderr)
	}
	if err == nil && o.keep {
		fmt.Fprintf(stderr, "\nlook at it on %s/console/ and end with Ctrl-C\n", l.URL)
		<-ctx.Done()
	}
	cancel()
	if err = errors.Join(err, <-served); err != nil {
		return err
	}
	if outcome.unrepaired > 0 {
		return errDiffers
	}
	return nil
}

// simulateFor plays a preset for the console.
func (l *local) simulateFor(ctx context.Context, name string, report func(console.Progress)) error {
	for _, preset := range presets() {
		if preset.name == name {
			_, err := l.play(ctx, preset, mathrand.Uint64(), audience{io.Discard, report})
			return err
		}
	}
	return fmt.Errorf("no simulation %q", name)
}

func (l *local) play(ctx context.Context, preset preset, seed uint64, show audience) (outcome, error) {
	s, err := newSimulation(l.cfg, l.Connections, l.logger, l.URL+l.cfg.Path, l.console.Repaired)
	if err != nil {
		return outcome{}, err
	}
	o, err := s.play(ctx, preset, seed, show)
	return o, errors.Join(err, s.close())
}
