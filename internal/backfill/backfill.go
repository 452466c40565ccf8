// Package backfill reads messages back from Chat that may be unknown here: messages that a user
// names, and messages of a history that are expected to have extensions.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
)

const (
	// DefaultPerSecond is a tenth of the calls that Chat allows, because repair runs at the same
	// time.
	DefaultPerSecond = 20

	// workers is how many messages are under way at once.
	workers = 8

	// maxInARow is how many messages in a row may fail. When more fail, the messages are not the
	// cause.
	maxInARow = 20
)

// ErrFailing says that so many messages failed in a row that the run was stopped.
var ErrFailing = errors.New("backfill: stopped, because one message after the other failed")

// Source names messages.
type Source interface {
	// Next returns the next batch. Its error is io.EOF where there is none.
	Next(ctx context.Context) (Batch, error)
}

// Batch is a part of what a Source names.
type Batch struct {
	Messages []msgext.Message
	Passed   int // lines or messages that were examined for this batch

	// After holds the command-line flags with which a run continues behind this batch. Last says
	// that no batch follows.
	After []string
	Last  bool
}

// Options configure Run. Read and Wait must be set.
type Options struct {
	// Read reads a message back, tells all destinations, and reports whether there was anything to
	// tell.
	Read func(ctx context.Context, message msgext.Message) (found bool, err error)

	// PerSecond bounds messages and batches together; DefaultPerSecond when zero.
	PerSecond float64

	// Wait lets a time pass, or returns the context's error.
	Wait func(ctx context.Context, d time.Duration) error

	// Progress is told from time to time how far the run is. Failed is told of each message that
	// failed. Either may be nil. Both must be safe for concurrent use.
	Progress func(Counts)
	Failed   func(message msgext.Message, err error)
}

// Counts is the result of a run so far.
type Counts struct {
	Passed  int `json:"passed"`  // lines or messages that were examined
	Named   int `json:"named"`   // messages to read, among those that passed
	Found   int `json:"found"`   // messages that had extensions, or of which something was told
	Without int `json:"without"` // messages without extensions, of which nothing is stored
	Gone    int `json:"gone"`    // messages that are known here and that Chat no longer has
	Failed  int `json:"failed"`

	// After holds the command-line flags with which a run continues behind everything that is done.
	// It is empty where nothing is done yet. After ErrFailing it continues with the messages that
	// failed in a row.
	After []string `json:"after,omitempty"`
}

func (c Counts) String() string {
	text := fmt.Sprintf("backfill: %d looked at, %d messages read: %d with extensions, %d without, %d that Chat has no more, %d failed",
		c.Passed, c.Found+c.Without+c.Gone+c.Failed, c.Found, c.Without, c.Gone, c.Failed)
	if len(c.After) > 0 {
		text += "; done up to " + strings.Join(c.After, " ")
	}
	return text
}

// Run reads the messages of a source. When the context ends, it finishes the messages that are
// under way, and Counts then says where to continue. Its error is the source's error, the context's
// error where something is left to do, or ErrFailing.
func Run(ctx context.Context, source Source, options Options) (Counts, error) {
	if options.PerSecond == 0 {
		options.PerSecond = DefaultPerSecond
	}
	pace := time.Duration(float64(time.Second) / options.PerSecond)
	r := &run{options: options, pace: pace, jobs: make(chan job)}
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for j := range r.jobs {
				found, err := options.Read(context.WithoutCancel(ctx), j.message)
				r.note(j, found, err)
			}
		})
	}
	err := r.walk(ctx, source)
	close(r.jobs)
	working.Wait()
	if cause := context.Cause(ctx); errors.Is(cause, ErrFailing) {
		err = cause
	}
	return r.counts, err
}

type run struct {
	options Options
	pace    time.Duration // between two calls
	stop    context.CancelCauseFunc
	jobs    chan job

	mu      sync.Mutex
	counts  Counts
	open    []*batch // in the order of the source
	inARow  int      // messages that have failed in a row
	before  []string // After when the first of them failed
	failing bool     // so many that the run is stopped
}

// batch is a batch that was begun.
type batch struct {
	after []string
	left  int // messages that are not done
}

type job struct {
	message msgext.Message
	batch   *batch
}

// walk hands out the messages to the workers.
func (r *run) walk(ctx context.Context, source Source) error {
	for {
		if err := r.options.Wait(ctx, r.pace); err != nil {
			return err
		}
		next, err := source.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		b := &batch{next.After, len(next.Messages)}
		r.begin(b, next.Passed)
		for _, message := range next.Messages {
			if err := r.options.Wait(ctx, r.pace); err != nil {
				return err
			}
			select {
			case r.jobs <- job{message, b}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if next.Last {
			return nil
		}
	}
}

func (r *run) begin(b *batch, passed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Passed += passed
	r.counts.Named += b.left
	r.open = append(r.open, b)
	r.settle()
}

// note counts what became of a message.
func (r *run) note(j job, found bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j.batch.left--
	failed := false
	switch {
	case errors.Is(err, chatapi.ErrGone):
		r.counts.Gone++
	case err != nil:
		r.counts.Failed++
		failed = true
	case found:
		r.counts.Found++
	default:
		r.counts.Without++
	}
	switch {
	case !failed:
		r.inARow = 0
	case r.inARow == 0:
		r.inARow, r.before = 1, r.counts.After
	default:
		r.inARow++
	}
	if r.inARow >= maxInARow && !r.failing {
		r.failing, r.counts.After = true, r.before
		r.stop(ErrFailing)
	}
	if failed && r.options.Failed != nil {
		r.options.Failed(j.message, err)
	}
	r.settle()
}

// settle moves After behind the batches that are done, and stops at the first that is not. Where
// the run is stopped because message after message failed, After stays before the first of them.
func (r *run) settle() {
	for !r.failing && len(r.open) > 0 && r.open[0].left == 0 {
		r.counts.After, r.open = r.open[0].after, r.open[1:]
	}
	if r.options.Progress != nil {
		r.options.Progress(r.counts)
	}
}
