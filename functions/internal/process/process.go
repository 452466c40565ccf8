// Package process is one long-running process that takes webhooks, answers reads and repairs: what
// functions/local and functions/server have in common.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"msgext/functions/internal/driver"
	"msgext/functions/internal/readwire"
	"msgext/functions/internal/repairwire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/loopback"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/repair"
)

// repairEvery is how often the process repairs by itself.
const repairEvery = 5 * time.Second

// Observers are told what the process does; nil for nobody.
type Observers struct {
	Webhook  func(receiver.Observation)
	Repaired func(msgext.Message, msgext.Snapshot, time.Time)
}

// Process has its store and sinks open and listens. It serves nothing yet.
type Process struct {
	URL      string       // where it listens
	Webhooks http.Handler // the receiver

	Connections driver.Connections

	reads    http.Handler
	repairer *repair.Repairer // nil without a store
	listener net.Listener
	logger   *slog.Logger
}

// Open opens what a configuration names and listens on a loopback address. Close the Process after use.
func Open(ctx context.Context, cfg config.Config, drivers driver.Drivers, address string, logger *slog.Logger, observers Observers) (*Process, error) {
	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p, err := open(cfg, connections, address, logger, observers)
	if err != nil {
		return nil, errors.Join(err, connections.Close())
	}
	wire.LogDurability(ctx, connections.Store, logger)
	return p, nil
}

func open(cfg config.Config, c driver.Connections, address string, logger *slog.Logger, observers Observers) (*Process, error) {
	p := &Process{Connections: c, logger: logger}
	options, err := wire.ReceiverOptions(cfg, c, logger, nil, time.Time{})
	if err != nil {
		return nil, err
	}
	options.Observe = observers.Webhook
	p.Webhooks = receiver.New(options)
	p.reads = readwire.New(cfg, c.Store, logger)
	if len(cfg.ReadTokens) == 0 {
		p.reads = loopbackOnly(p.reads)
	}
	if c.Store != nil {
		repairing, err := repairwire.Options(cfg, c, logger, nil)
		if err != nil {
			return nil, err
		}
		repairing.Observe = observers.Repaired
		p.repairer = repair.New(repairing)
	}
	p.listener, err = net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w; -addr 127.0.0.1:0 takes any free port", err)
	}
	p.URL = "http://" + p.listener.Addr().String()
	return p, nil
}

// Close closes store and sinks.
func (p *Process) Close() error { return p.Connections.Close() }

// Serve serves until ctx is done, repairs meanwhile where there is a store, and lets requests in flight finish. console,
// nil for none, has what lies below /console/; stopping is called when the process begins to stop.
func (p *Process) Serve(ctx context.Context, console http.Handler, stopping func()) error {
	server := NewServer(routes(p.Webhooks, console, p.reads), p.logger)
	server.RegisterOnShutdown(stopping)
	var repairing sync.WaitGroup
	if p.repairer != nil {
		repairing.Go(func() { p.repairUntil(ctx) })
	}
	err := serve(ctx, server, p.listener)
	repairing.Wait()
	return err
}

func (p *Process) repairUntil(ctx context.Context) {
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

// CheckAddress refuses an address that is not loopback.
func CheckAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("-addr: not of the form 127.0.0.1:8080")
	}
	if !loopback.IsHost(host) {
		return errors.New("-addr: this process shows webhooks to whoever asks, so it serves on loopback only; use a tunnel to reach it from outside")
	}
	return nil
}
