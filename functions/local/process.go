package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"msgext/functions/internal/driver"
	"msgext/functions/internal/readwire"
	"msgext/functions/internal/repairwire"
	"msgext/functions/internal/wire"
	"msgext/functions/local/internal/console"
	"msgext/internal/config"
	"msgext/pkg/gateway"
	"msgext/pkg/receiver"
	"msgext/pkg/repair"
	"msgext/pkg/webhook"
)

// repairEvery is how often the process repairs by itself.
const repairEvery = 5 * time.Second

// process is everything that runs: the receiver, the console, the read, and repair.
type process struct {
	cfg         config.Config
	connections driver.Connections
	logger      *slog.Logger
	url         string

	console  *console.Console
	handler  http.Handler
	repairer *repair.Repairer
}

func newProcess(cfg config.Config, c driver.Connections, logger *slog.Logger, url string, madeUp bool) (*process, error) {
	p := &process{cfg: cfg, connections: c, logger: logger, url: url}
	options, err := wire.ReceiverOptions(cfg, c, logger, nil, time.Time{})
	if err != nil {
		return nil, err
	}
	options.Observe = func(o receiver.Observation) { p.console.Observe(o) }
	webhooks := receiver.New(options)
	p.console = console.New(p.consoleOptions(webhooks, madeUp))
	reading := readwire.New(cfg, c.Store, logger)
	p.handler = routes(webhooks, p.console.Handler(), reading)
	repairing, err := repairwire.Options(cfg, c, logger, nil)
	if err != nil {
		return nil, err
	}
	repairing.Observe = p.console.Repaired
	p.repairer = repair.New(repairing)
	return p, nil
}

func (p *process) consoleOptions(webhooks http.Handler, madeUp bool) console.Options {
	options := console.Options{
		SDKAppID: p.cfg.SDKAppID, BaseURL: p.url + p.cfg.Path, MaxBodyBytes: p.cfg.MaxBodyBytes,
		Load: p.connections.Store.Load,
		Send: func(ctx context.Context, method, query string, body []byte) (int, []byte) {
			request := gateway.Request{Method: method, Path: cmp.Or(p.cfg.Path, "/"), RawQuery: query, Body: body}
			reply := gateway.Serve(webhooks, request.HTTP(ctx))
			text, _ := reply.Body() // a backend's that is no text is shown in base64
			return reply.Status(), text
		},
		HideSigned: !madeUp,
		Simulate:   p.simulateFor,
	}
	for _, preset := range presets() {
		options.Presets = append(options.Presets, preset.name)
	}
	if len(p.cfg.Tokens) > 0 {
		options.Sign = func(requestTime string) string { return webhook.Sign(p.cfg.Tokens[0], requestTime) }
	}
	return options
}

// serve serves and repairs until ctx is done.
func (p *process) serve(ctx context.Context, listener net.Listener) error {
	server := newServer(p.handler, p.logger)
	server.RegisterOnShutdown(p.console.Close)
	var repairing sync.WaitGroup
	repairing.Go(func() { p.repairUntil(ctx) })
	err := serve(ctx, server, listener)
	repairing.Wait()
	return err
}

func (p *process) repairUntil(ctx context.Context) {
	ticker := time.NewTicker(repairEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_, _ = p.repairer.Run(ctx) // which has logged what went wrong
		case <-ctx.Done():
			return
		}
	}
}

var errDiffers = errors.New("some messages are not as the simulated Chat has them")

// simulate serves while one simulation is played, and shows the outcome.
func (p *process) simulate(ctx context.Context, listener net.Listener, o options, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- p.serve(ctx, listener) }()
	which := presets()[0]
	if o.faults {
		which = presets()[len(presets())-1]
	}
	outcome, err := p.play(ctx, which, o.seed, stderr)
	cancel()
	if err = errors.Join(err, <-served); err != nil {
		return err
	}
	outcome.print(stderr)
	if outcome.unrepaired > 0 {
		return errDiffers
	}
	return nil
}

// simulateFor plays a preset for the console.
func (p *process) simulateFor(ctx context.Context, name string) error {
	for _, preset := range presets() {
		if preset.name == name {
			outcome, err := p.play(ctx, preset, mathrand.Uint64(), io.Discard)
			if err == nil && outcome.unrepaired > 0 {
				err = errDiffers
			}
			return err
		}
	}
	return fmt.Errorf("no simulation %q", name)
}

func (p *process) play(ctx context.Context, preset preset, seed uint64, progress io.Writer) (outcome, error) {
	s, err := newSimulation(p.cfg, p.connections, p.logger, p.url+p.cfg.Path, p.console.Repaired)
	if err != nil {
		return outcome{}, err
	}
	o, err := s.play(ctx, preset, seed, progress)
	return o, errors.Join(err, s.close())
}
