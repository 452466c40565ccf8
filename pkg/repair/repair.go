// Package repair closes the loop: it takes the messages that are due for a check, finds those with
// a version missing, reads the truth back from Chat, merges it into the store, and tells the sinks
// what changed or what they may have missed. It may be run at any time and any number of times at
// once: every step is idempotent, so a second run is wasteful and nothing worse.
//
// The rules are those of docs/state.md.
//
// It is for programs that keep a store true, from a schedule or a loop of their own. Its API is v0:
// it may change with any release.
package repair

import (
	"context"
	"log/slog"
	"math/rand/v2"
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
	DefaultConcurrency = 64
)

const (
	checkBudget = 10 * time.Second // for one message: read, merge, tell
	writeBudget = 2 * time.Second  // to write the outcome, after that
)

// Options configure a Repairer. Store must be set; the zero value of everything else is useful.
type Options struct {
	Store state.Store

	// SDKAppID completes the messages that an operator names, see Invoke.
	SDKAppID string

	// Chat reads the truth. Without it messages whose versions are complete are settled as usual;
	// gaps and doubts are counted, reported and put off, and nothing else changes.
	Chat *chatapi.Client

	// Sinks are told of what a read changed, and of what some sink may have missed.
	Sinks []sink.Sink

	// Grace is how long a message must have been due: a gap that a late webhook
	// fills by itself costs no read. DefaultGrace when zero.
	Grace time.Duration

	// ReadAll reads back every changed message, not only those with a gap: after Grace, and
	// again 10 minutes, 1 hour, 1 day and 7 days after the last change that was heard of.
	ReadAll bool

	// Retention is the time after which a message is erased if nothing more was heard of it. Zero
	// keeps messages for good. It should be 8 days at least, because the last look at a message
	// comes after 7.
	Retention time.Duration

	// MaxRun bounds a run; what is left over is for the next. DefaultMaxRun when zero.
	MaxRun time.Duration

	// Concurrency is how many messages are checked at once; DefaultConcurrency when zero. The
	// default is enough to use all the calls that Chat allows, if a call takes 150 ms and one in a
	// hundred hangs.
	Concurrency int

	// Logger takes a line for each run and each message that failed; slog.Default() when nil.
	Logger *slog.Logger

	// Metrics says how a run's counts are added to its line, as receiver.Options.Metrics does. Each
	// count is a number under its name (Checked, Gaps, ...). Nothing is ever refused. When nil, the
	// counts are added as they are, what is left in the store is not counted, and a run that had
	// nothing to check has no line.
	Metrics func(at time.Time, measured []slog.Attr, refusal string) []slog.Attr

	// VerifySample is how many messages a run holds against Chat, from a random place in the store
	// on. What differs is doubted, and the next run reads it back. None when zero.
	VerifySample int

	// Now is the clock; time.Now when nil.
	Now func() time.Time

	// Wait lets a time pass, or returns the context's error; on the real clock when nil. Rand
	// decides where a sample begins; math/rand/v2's when nil.
	Wait func(ctx context.Context, d time.Duration) error
	Rand func() uint64

	// Observe, when set, is shown every read that was merged and told. It is for the local
	// console: it must be quick.
	Observe func(message msgext.Message, read msgext.Snapshot, at time.Time)
}

// Repairer checks and repairs. It is safe for concurrent use.
type Repairer struct {
	options Options
	policy  policy
}

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
	if options.Wait == nil {
		options.Wait = wait
	}
	if options.Rand == nil {
		options.Rand = rand.Uint64
	}
	return &Repairer{options, policy{
		app: options.SDKAppID, grace: options.Grace, retention: options.Retention,
		readAll: options.ReadAll, access: options.Chat != nil,
	}}
}

// wait lets a time pass on the real clock.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
