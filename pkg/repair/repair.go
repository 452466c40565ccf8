// Package repair closes the loop: it takes the messages that are due for a check, finds those
// with a version missing, reads the truth back from Chat, merges it into the store, and
// tells the sinks what changed or what they may have missed. It may be run at any time and any number
// of times at once: every step is idempotent, so a second run is wasteful and nothing worse.
//
// The rules are those of docs/design.md, section 5.
//
// It is for programs that keep a store true, from a schedule or a loop of their own. Its API is
// v0: it may change with any release.
package repair

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/state"
)

// Defaults of Options.
const (
	DefaultGrace       = 30 * time.Second
	DefaultMaxRun      = 50 * time.Second
	DefaultConcurrency = 8
)

const (
	batch       = 100              // messages asked of the store at once
	checkBudget = 10 * time.Second // for one message: read, merge, tell
	writeBudget = 2 * time.Second  // to write the outcome, after that
)

// Options configure a Repairer. Store must be set; the zero value of everything else is useful.
type Options struct {
	Store state.Store

	// SDKAppID completes the messages that an operator names, see Invoke.
	SDKAppID string

	// Chat reads the truth. Without it messages whose versions are complete are settled as usual, gaps are
	// counted and reported, and nothing else changes.
	Chat *chatapi.Client

	// Sinks are told of what a read changed, and of what some sink may have missed.
	Sinks []sink.Sink

	// Grace is how long a message must have been due: a hole that a late webhook
	// fills by itself costs no read. DefaultGrace when zero.
	Grace time.Duration

	// ReadAll reads back every changed message, not only those with a gap: after Grace, and
	// again 10 and 60 minutes after the last change that was heard of.
	ReadAll bool

	// MaxRun bounds a run; what is left over is for the next. DefaultMaxRun when zero.
	MaxRun time.Duration

	// Concurrency is how many messages are checked at once; DefaultConcurrency when zero.
	Concurrency int

	// Logger takes a line for each run and each message in trouble; slog.Default() when nil.
	Logger *slog.Logger

	// Metrics says how a run's counts, each a number under its name (Checked, Gaps, ...), are added to
	// its line, as receiver.Options.Metrics does. When nil they are added as they are, and a run that had
	// nothing to check has no line.
	Metrics func(at time.Time, measured []slog.Attr, dimensions ...string) []slog.Attr

	// Now is the clock; time.Now when nil.
	Now func() time.Time

	// Observe, when set, is shown every read that was merged and told. It is for the local
	// console: it must be quick.
	Observe func(message msgext.Message, read msgext.Snapshot, at time.Time)
}

// Repairer checks and repairs. It is safe for concurrent use.
type Repairer struct{ options Options }

// New returns a Repairer.
func New(options Options) *Repairer {
	if options.Grace == 0 {
		options.Grace = DefaultGrace
	}
	if options.MaxRun == 0 {
		options.MaxRun = DefaultMaxRun
	}
	if options.Concurrency == 0 {
		options.Concurrency = DefaultConcurrency
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Repairer{options}
}

// Run checks every message that has been due for the grace time, the longest waiting first, until
// none is left, the run's time is up, or the context is done. A message that fails is put off and
// reported, and never blocks the rest. Its error is the store's, when it cannot even say what is due.
func (r *Repairer) Run(ctx context.Context) (Report, error) {
	started := r.options.Now()
	ctx, cancel := context.WithTimeout(ctx, r.options.MaxRun)
	defer cancel()
	run := run{attempted: make(map[msgext.Message]bool)}
	var err error
	for ctx.Err() == nil {
		var heads []state.Head
		if heads, err = r.options.Store.Due(ctx, r.options.Now().Add(-r.options.Grace), batch); err != nil {
			break
		}
		if heads = run.fresh(heads); len(heads) == 0 {
			break
		}
		r.checkAll(ctx, heads, &run, started)
	}
	run.report.log(ctx, r.options, started, err)
	return run.report, err
}

// run is what one Run remembers.
type run struct {
	mu        sync.Mutex
	report    Report
	attempted map[msgext.Message]bool
}

// fresh leaves out what this run has already attempted: a message whose outcome could not be
// written is still due, and would otherwise be checked again and again.
func (r *run) fresh(heads []state.Head) []state.Head {
	var fresh []state.Head
	for _, head := range heads {
		if !r.attempted[head.Message] {
			r.attempted[head.Message] = true
			fresh = append(fresh, head)
		}
	}
	return fresh
}

func (r *Repairer) checkAll(ctx context.Context, heads []state.Head, run *run, started time.Time) {
	slots := make(chan struct{}, r.options.Concurrency)
	var checks sync.WaitGroup
	defer checks.Wait()
	for _, head := range heads {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return // what has not begun is still due
		}
		checks.Go(func() {
			defer func() { <-slots }()
			result, err := r.check(ctx, head)
			result.Waited = started.Sub(head.Check.Due)
			run.mu.Lock()
			defer run.mu.Unlock()
			run.report.add(result)
			if err != nil {
				r.logTrouble(ctx, head.Message, result, err)
			}
		})
	}
}

// Replay reads a message and tells the sinks, whatever the store holds of it: the operator's
// way to make everybody agree on one message now.
func (r *Repairer) Replay(ctx context.Context, message msgext.Message) error {
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	_, err := r.readBack(ctx, state.Head{Message: message}, true)
	if err != nil {
		r.logTrouble(ctx, message, result{}, err)
	}
	return err
}
