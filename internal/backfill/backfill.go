// Package backfill has messages read that may be unknown here: those that somebody names, and those
// of a history that are expected to have extensions.
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
	// DefaultPerSecond is a tenth of the calls that Chat allows, since repair goes on meanwhile.
	DefaultPerSecond = 20

	// workers is how many messages are under way at once.
	workers = 8

	// maxInARow is how many messages may fail one after the other: what fails then is not a
	// message's fault.
	maxInARow = 20
)

// ErrFailing: so many messages failed one after the other that it is no use to go on.
var ErrFailing = errors.New("backfill: stopped, because one message after the other failed")

// Source names messages.
type Source interface {
	// Next returns the next batch. Its error is io.EOF where there is none.
	Next(ctx context.Context) (Batch, error)
}

// Batch is a part of what a Source names.
type Batch struct {
	Messages []msgext.Message
	Passed   int // lines or messages that were looked at for it

	// After is how the command line says to begin behind this batch. Last says that nothing comes
	// there.
	After []string
	Last  bool
}

// Options configure Run. Read must be set.
type Options struct {
	// Read reads a message and tells everybody, and reports whether there was anything to tell.
	Read func(ctx context.Context, message msgext.Message) (found bool, err error)

	// PerSecond bounds messages and batches together; DefaultPerSecond when zero.
	PerSecond float64

	// Progress is told how far things are, from time to time; Failed of each message that failed.
	// Nobody is when nil. Both must be safe for concurrent use.
	Progress func(Counts)
	Failed   func(message msgext.Message, err error)
}

// Counts is what came of a run so far.
type Counts struct {
	Passed  int `json:"passed"`  // lines or messages that were looked at
	Named   int `json:"named"`   // of them, messages to read
	Found   int `json:"found"`   // with extensions, or told
	Without int `json:"without"` // extensions: they leave nothing behind
	Gone    int `json:"gone"`    // known here, and Chat has them no more
	Failed  int `json:"failed"`

	// After is how the command line says to go on behind everything that is done; empty where that
	// is the beginning.
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

// Run reads the messages of a source. What is under way when the context ends is finished; Counts
// then says where to go on. Its error is the source's, the context's where something is left, or
// ErrFailing.
func Run(ctx context.Context, source Source, options Options) (Counts, error) {
	if options.PerSecond == 0 {
		options.PerSecond = DefaultPerSecond
	}
	r := &run{options: options, pace: time.NewTicker(time.Duration(float64(time.Second) / options.PerSecond)), jobs: make(chan job)}
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	defer r.pace.Stop()
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
	pace    *time.Ticker
	stop    context.CancelCauseFunc
	jobs    chan job

	mu     sync.Mutex
	counts Counts
	open   []*batch // in the order of the source
	inARow int      // messages that failed, and none between them that did not
}

// batch is one that was begun.
type batch struct {
	after []string
	left  int // messages that are not done
}

type job struct {
	message msgext.Message
	batch   *batch
}

// walk hands the messages out.
func (r *run) walk(ctx context.Context, source Source) error {
	for {
		if err := r.wait(ctx); err != nil {
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
			if err := r.wait(ctx); err != nil {
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

// wait keeps the pace.
func (r *run) wait(ctx context.Context) error {
	select {
	case <-r.pace.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
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
	if r.inARow++; !failed {
		r.inARow = 0
	}
	if r.inARow >= maxInARow {
		r.stop(ErrFailing)
	}
	if failed && r.options.Failed != nil {
		r.options.Failed(j.message, err)
	}
	r.settle()
}

// settle moves After behind the batches that are done, up to the first that is not.
func (r *run) settle() {
	for len(r.open) > 0 && r.open[0].left == 0 {
		r.counts.After, r.open = r.open[0].after, r.open[1:]
	}
	if r.options.Progress != nil {
		r.options.Progress(r.counts)
	}
}
