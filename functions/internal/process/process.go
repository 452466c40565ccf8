// Package process is one long-running process that accepts webhooks, answers reads and repairs.
// functions/local and functions/server share it.
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

	"msgext/functions/internal/readwire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/loopback"
	"msgext/internal/metric"
	"msgext/internal/repairwire"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/repair"
	"msgext/pkg/webhook"
)

// Options configure a process. Address must be set.
type Options struct {
	// Address is where it listens. On an address that is not loopback, and behind proxies, reads
	// need bearer tokens. If none are configured, the paths of the read answer 404.
	Address string

	// Webhooks is a second loopback address, which serves only webhooks. Empty for none.
	Webhooks string

	// Personal is for a process that one person uses on this machine. Unsigned webhooks are then
	// accepted from this machine only.
	Personal bool

	// Proxies is how many proxies are in front. Each appends its peer's address to X-Forwarded-For.
	Proxies int

	// AtOnce is how many requests are handled at once; the others wait. 0 is no limit. Refused is
	// called for a request that waited too long.
	AtOnce  int
	Refused func()

	// RepairEvery is the pause between two runs of repair; 0 for no repair. Metrics writes
	// measurements into log lines; nil for none.
	RepairEvery time.Duration
	Metrics     metric.Format

	// Started is when the process started, where the platform starts it for a request, which has
	// waited since. Zero for a process that runs whether or not there are requests.
	Started time.Time

	// Webhook and Repaired are told what the process does; they may be nil.
	Webhook  func(receiver.Observation)
	Repaired func(msgext.Message, msgext.Snapshot, time.Time)
}

// Process has opened its store and sinks, and listens. It serves nothing yet.
type Process struct {
	URL         string       // where it listens
	WebhooksURL string       // where it serves only webhooks; "" for nowhere
	Webhooks    http.Handler // the receiver

	Connections driver.Connections

	options   Options
	path      string // the only path that takes webhooks; "" for any
	relay     config.Relay
	reads     http.Handler
	repairer  *repair.Repairer // nil without a store, and where the process does not repair
	readsBack bool             // it has REST access
	listener  net.Listener
	forTunnel net.Listener // nil for none
	logger    *slog.Logger
}

// Open opens what a configuration names and listens. Close the Process after use.
func Open(ctx context.Context, cfg config.Config, drivers driver.Drivers, logger *slog.Logger, options Options) (*Process, error) {
	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p, err := open(cfg, connections, logger, options)
	if err != nil {
		return nil, errors.Join(err, connections.Close())
	}
	wire.LogDurability(ctx, connections.Store, logger)
	return p, nil
}

func open(cfg config.Config, c driver.Connections, logger *slog.Logger, options Options) (*Process, error) {
	p := &Process{Connections: c, path: cfg.Path, relay: cfg.Relay, logger: logger, options: options}
	receiving, err := wire.ReceiverOptions(cfg, c, logger, options.Metrics, options.Started)
	if err != nil {
		return nil, err
	}
	receiving.Observe = options.Webhook
	p.Webhooks = receiver.New(receiving)
	if options.Proxies > 0 {
		p.Webhooks = behind(options.Proxies, p.Webhooks)
	}
	if options.Personal && cfg.AllowUnsigned {
		p.Webhooks = unsigned(p.Webhooks)
	}
	p.reads = readwire.New(cfg, c.Store, logger)
	switch {
	case len(cfg.ReadTokens) > 0:
	case isLoopback(options.Address) && options.Proxies == 0:
		p.reads = personal(p.reads)
	default: // not every proxy adds a header by which personal would know it
		logger.Warn("MSGEXT_READ_TOKENS is not set: below /api/ all is answered 404, because others than this machine reach this process")
		p.reads = http.HandlerFunc(notFound)
	}
	if c.Store != nil && options.RepairEvery > 0 {
		repairing, err := repairwire.Options(cfg, c, logger, options.Metrics)
		if err != nil {
			return nil, err
		}
		repairing.Observe = options.Repaired
		p.repairer, p.readsBack = repair.New(repairing), repairing.Chat != nil
	}
	return p, p.listen(options)
}

// Repairs reports whether the process reads lost changes back from Chat. Without REST access it
// only settles complete messages, and counts and reports the rest.
func (p *Process) Repairs() bool { return p.readsBack }

func (p *Process) listen(options Options) (err error) {
	p.listener, err = net.Listen("tcp", options.Address)
	if err != nil {
		return fmt.Errorf("%w; -addr 127.0.0.1:0 takes any free port", err)
	}
	p.URL = "http://" + p.listener.Addr().String()
	if options.Webhooks == "" {
		return nil
	}
	p.forTunnel, err = net.Listen("tcp", options.Webhooks)
	if err != nil {
		return errors.Join(fmt.Errorf("-webhooks: %w", err), p.listener.Close())
	}
	p.WebhooksURL = "http://" + p.forTunnel.Addr().String()
	return nil
}

// Close closes store and sinks.
func (p *Process) Close() error { return p.Connections.Close() }

// Serve serves until ctx is done, and lets requests under way finish. It repairs meanwhile if it is
// to. console serves the paths below /console/; nil for none. stopping is called when the process
// begins to stop.
func (p *Process) Serve(ctx context.Context, console http.Handler, stopping func()) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	servers := []func() error{func() error {
		handler := routes(p.Webhooks, console, p.reads, p.path)
		if p.options.AtOnce > 0 {
			handler = limit(p.options.AtOnce, handler, overloaded(p.relay, p.options.Refused))
		}
		server := NewServer(handler, p.logger)
		server.RegisterOnShutdown(stopping)
		return serve(ctx, server, p.listener)
	}}
	if p.forTunnel != nil {
		servers = append(servers, func() error { return serve(ctx, NewServer(p.Webhooks, p.logger), p.forTunnel) })
	}
	var running sync.WaitGroup
	if p.repairer != nil {
		running.Go(func() { p.repairUntil(ctx) })
	}
	ended := make([]error, len(servers))
	for i, run := range servers {
		running.Go(func() {
			defer stop() // when one of them ends, all end
			ended[i] = run()
		})
	}
	running.Wait()
	return errors.Join(ended...)
}

func (p *Process) repairUntil(ctx context.Context) {
	ticker := time.NewTicker(p.options.RepairEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_, _ = p.repairer.Run(ctx) // the run has logged its error
		case <-ctx.Done():
			return
		}
	}
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	webhook.Fail("not found").Write(w, http.StatusNotFound)
}

// Takes says for people which path takes webhooks. It does not show MSGEXT_PATH, which may be a
// second secret.
func Takes(path string) string {
	if path == "" {
		return "any path"
	}
	return "MSGEXT_PATH alone"
}

// isLoopback reports whether only this machine can reach a listening address. An address without a
// host is every address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopback.IsHost(host)
}

// CheckAddress refuses an address that is not loopback. option names the command-line flag in the
// error.
func CheckAddress(option, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New(option + ": not of the form 127.0.0.1:8080")
	}
	if !loopback.IsHost(host) {
		return errors.New(option + ": this process shows webhooks to whoever asks, so it serves on loopback only; use a tunnel to reach it from outside")
	}
	return nil
}
