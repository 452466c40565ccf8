package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
	"time"

	"msgext/functions/internal/process"
	"msgext/functions/local/internal/console"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/repairwire"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

const (
	// simulatedGrace replaces the grace time, so that a simulation is over in seconds.
	simulatedGrace = time.Second

	// settleTimeout bounds how long a simulation waits until every message is repaired.
	settleTimeout = 90 * time.Second
)

// simulation is a Chat played by this process. Its users change messages, its webhooks go to this
// process's own URL, and repair reads its REST API.
type simulation struct {
	chat     *chatsim.Sim
	store    state.Store
	repairer *repair.Repairer
	api      *http.Server
	url      string // where webhooks are sent
}

// newSimulation starts the REST API on its own loopback port.
func newSimulation(cfg config.Config, c driver.Connections, logger *slog.Logger, url string, observe observeRepair) (*simulation, error) {
	key := secret.String(rand.Text())
	const admin = "administrator"
	options := chatsim.Options{SDKAppID: cfg.SDKAppID, Admin: admin, SecretKey: key}
	if len(cfg.Tokens) > 0 {
		options.Token = cfg.Tokens[0]
	}
	s := &simulation{chat: chatsim.New(options), store: c.Store, url: url}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.api = process.NewServer(s.chat.Handler(), logger)
	go func() {
		if err := s.api.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("simulated Chat", "error", err)
		}
	}()
	cfg.Chat = config.Chat{Endpoint: "http://" + listener.Addr().String(), Admin: admin, SecretKey: key}
	cfg.RepairGrace, cfg.ReadAll = simulatedGrace, true
	repairing, err := repairwire.Options(cfg, c, logger, nil)
	if err != nil {
		return nil, errors.Join(err, s.api.Close())
	}
	repairing.Observe = observe
	s.repairer = repair.New(repairing)
	return s, nil
}

type observeRepair = func(msgext.Message, msgext.Snapshot, time.Time)

func (s *simulation) close() error { return s.api.Close() }

// preset is a named simulation that the command line and the console offer.
type preset struct {
	name     string
	workload chatsim.Workload
	faults   chatsim.Faults
}

// presets never lose the last webhook of a message. Such a loss is found only by reads that come
// ten minutes later and more, which is too long to wait for.
func presets() []preset {
	workload := chatsim.Workload{Messages: 200, Changes: 3000, Every: 2 * time.Millisecond}
	losses := chatsim.Faults{Drop: 0.1, KeepLast: true, Duplicate: 0.1, Reorder: 0.1, Delay: 0.1, MaxDelay: 100 * time.Millisecond, NewerSeq: 0.05, Garble: 0.02}
	forgeries := losses
	forgeries.Forge = 0.03
	return []preset{
		{"calm", workload, chatsim.Faults{}},
		{"losses", workload, losses},
		{"losses and forgeries", workload, forgeries},
	}
}

// outcome is the result of a simulation.
type outcome struct {
	seed                            uint64
	report                          chatsim.Report
	messages, differing, unrepaired int
	played, repaired                time.Duration
}

// play makes the preset's changes and sends their webhooks. It then repairs until every message
// equals Chat's, or time is up.
func (s *simulation) play(ctx context.Context, p preset, seed uint64, show audience) (outcome, error) {
	p.workload.Seed, p.faults.Seed = seed, seed
	// Own names, so that a second run does not meet the messages of the first in the store.
	p.workload.Run = rand.Text()[:6] + "-"
	plan := s.chat.Plan(p.workload, p.faults)
	progress := console.Progress{Changes: p.workload.Changes, Messages: p.workload.Messages, Planned: plan.Counts.Sent, Lost: plan.Counts.Dropped}
	show.report(progress)
	fmt.Fprintf(show.w, "simulation %q, seed %d: %d changes on %d messages\n", p.name, seed, p.workload.Changes, p.workload.Messages)
	began := time.Now()
	o := outcome{seed: seed}
	var err error
	o.report, err = s.chat.Play(ctx, plan, chatsim.Player{Send: show.counted(progress, chatsim.Sender(http.DefaultClient, s.url))})
	if err != nil {
		return o, err
	}
	o.played, o.messages = time.Since(began), len(s.chat.Messages())
	open, err := s.compare(ctx)
	if err != nil {
		return o, err
	}
	o.differing = open.differ
	progress.Sent, progress.Repair, progress.Differ, progress.Look = progress.Planned, true, open.differ, open.look
	show.report(progress)
	fmt.Fprintf(show.w, "played in %s: %d of %d messages differ from Chat\n", o.played.Round(time.Millisecond), o.differing, o.messages)
	o.unrepaired, err = s.repair(ctx, func(open comparison) {
		fmt.Fprintf(show.w, "repairing: %d messages differ, %d lack a version\n", open.differ, open.incomplete)
		progress.Differ, progress.Repaired = open.differ, max(0, o.differing-open.differ)
		show.report(progress)
	})
	o.repaired = time.Since(began) - o.played
	progress.Differ, progress.Repaired = o.unrepaired, max(0, o.differing-o.unrepaired)
	show.report(progress)
	return o, err
}

// audience is told of the progress of a simulation.
type audience struct {
	w      io.Writer
	report func(console.Progress)
}

// counted counts webhooks as they are sent.
func (a audience) counted(progress console.Progress, send func(context.Context, chatsim.Delivery) error) func(context.Context, chatsim.Delivery) error {
	var sent atomic.Int64
	return func(ctx context.Context, d chatsim.Delivery) error {
		now := progress
		now.Sent = int(sent.Add(1))
		a.report(now)
		return send(ctx, d)
	}
}

// repair runs until no message differs or lacks a version. It returns how many still differ.
func (s *simulation) repair(ctx context.Context, tell func(comparison)) (differing int, err error) {
	timeout, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	ticker := time.NewTicker(simulatedGrace)
	defer ticker.Stop()
	for {
		if _, err := s.repairer.Run(timeout); err != nil {
			return 0, err
		}
		open, err := s.compare(ctx)
		if err != nil || open.differ == 0 && open.incomplete == 0 {
			return open.differ, err
		}
		tell(open)
		select {
		case <-ticker.C:
		case <-timeout.Done():
			return open.differ, ctx.Err()
		}
	}
}

// comparison is the result of comparing the store with the simulated Chat.
type comparison struct {
	differ     int            // messages whose state differs from Chat's
	incomplete int            // messages that lack a version
	look       msgext.Message // a message of interest
}

func (s *simulation) compare(ctx context.Context) (comparison, error) {
	messages := s.chat.Messages()
	c := comparison{look: messages[0]}
	for _, message := range messages {
		record, err := s.store.Load(ctx, message)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return c, err
		}
		if record.Incomplete() {
			c.incomplete++
		}
		if reflect.DeepEqual(record.State.Reply(), s.chat.Truth(message)) {
			continue
		}
		if c.differ++; c.differ == 1 || !c.look.IsGroup() {
			c.look = message
		}
	}
	return c, nil
}

// print prints the result for people.
func (o outcome) print(w io.Writer) {
	r := o.report
	fmt.Fprintf(w, "\n%d changes on %d messages, webhooks: %d delivered, %d lost, %d sent twice, %d overtaken, %d not as documented, %d forged (seed %d)\n",
		r.Changes, o.messages, r.Delivered, r.Dropped, r.Duplicated, r.Reordered, r.Garbled, r.Forged(), o.seed)
	fmt.Fprintf(w, "before repair %d messages differed from Chat, after %s of repair %d do\n", o.differing, o.repaired.Round(time.Millisecond), o.unrepaired)
}
