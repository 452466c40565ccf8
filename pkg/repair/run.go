package repair

import (
	"context"
	"fmt"
	"sync"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

const (
	// pageSize is how many messages are asked of the store at once.
	pageSize = 100

	// retriesEvery is how often retries are asked before first checks: once in so many messages.
	retriesEvery = 4

	// announcedPace is the time between two checks of messages that were only announced. At this
	// pace they take a quarter of the calls that Chat allows.
	announcedPace = 4 * time.Second / chatapi.DefaultCallsPerSecond

	// maxSkipped bounds how many announced messages without time a run counts.
	maxSkipped = 1000
)

// Run checks every message that had been due for the grace time when it began, the longest waiting
// first. It ends when none is left, the run's time is up, or the context is done. First checks go
// before retries, which get a quarter of the run while there are both. Messages that were only
// announced come last. A message that fails is put off and reported. Neither it nor a slow one
// holds up the rest. Run's error is the store's, when the store cannot even say what is due.
func (r *Repairer) Run(ctx context.Context) (Report, error) {
	started := r.options.Now()
	checking, cancel := context.WithTimeout(ctx, r.options.MaxRun)
	defer cancel()
	// The last checks that begin must still have their time.
	dispatching, stop := context.WithTimeout(checking, max(r.options.MaxRun/2, r.options.MaxRun-checkBudget))
	defer stop()

	run := run{repairer: r, started: started, visited: make(map[msgext.Message]bool), heads: make(chan state.Head)}
	var workers sync.WaitGroup
	for range r.options.Concurrency {
		workers.Go(func() {
			for head := range run.heads {
				run.check(checking, head)
			}
		})
	}
	announced := run.queue(state.Announced)
	err := run.dispatch(dispatching, announced)
	if err == nil && dispatching.Err() != nil {
		run.skip(checking, announced)
	}
	close(run.heads)
	workers.Wait()
	if dispatching.Err() != nil {
		err = nil // time is up, or the process ends
	} else if err == nil {
		err = run.verify(checking)
	}
	run.report.log(ctx, r.options, started, r.left(ctx), err)
	return run.report, err
}

// run is one Run under way.
type run struct {
	repairer *Repairer
	started  time.Time
	heads    chan state.Head // unbuffered: a message is taken up when a worker is free for it

	// visited are the messages that were taken up. Their outcomes lie after the run's cutoff.
	// Still, the run may meet one again, because its outcome was not written, or because an event
	// has moved it to another lane.
	visited map[msgext.Message]bool

	mu     sync.Mutex
	report Report
}

// dispatch hands the messages of all lanes to the workers.
func (r *run) dispatch(ctx context.Context, announced *queue) error {
	first, retries := r.queue(state.FirstChecks), r.queue(state.Retries)
	for n := 1; ; n++ {
		preferred, other := first, retries
		if n%retriesEvery == 0 {
			preferred, other = retries, first
		}
		head, found, err := preferred.next(ctx)
		if err == nil && !found {
			head, found, err = other.next(ctx)
		}
		if err != nil {
			return err
		}
		if !found {
			break
		}
		if !r.hand(ctx, head) {
			return nil
		}
	}
	for {
		head, found, err := announced.next(ctx)
		if err != nil || !found {
			return err
		}
		if !r.hand(ctx, head) {
			r.skipped(1)
			return nil
		}
		pace := announcedPace
		if !head.Message.IsGroup() {
			pace *= 2 // it may be looked for with its accounts exchanged
		}
		if r.repairer.options.Wait(ctx, pace) != nil {
			return nil // there is no time for more
		}
	}
}

// skip counts the messages of a queue for which there was no time. If the store fails, the count
// ends there, and no message is reported for it.
func (r *run) skip(ctx context.Context, queue *queue) {
	for n := range maxSkipped {
		if _, found, err := queue.next(ctx); err != nil || !found {
			r.skipped(n)
			return
		}
	}
	r.skipped(maxSkipped)
}

func (r *run) skipped(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.AnnouncedSkipped = min(r.report.AnnouncedSkipped+n, maxSkipped)
}

// hand gives a message to the next free worker, and reports whether there is time for more.
func (r *run) hand(ctx context.Context, head state.Head) bool {
	select {
	case r.heads <- head:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *run) check(ctx context.Context, head state.Head) {
	result, err := r.repairer.check(ctx, head)
	result.Waited = r.started.Sub(head.Check.Due)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.add(result)
	if err != nil {
		r.repairer.logFailure(ctx, head.Message, result, err)
	}
}

// queue is the messages of a lane that had been due for the grace time when the run began.
type queue struct {
	run    *run
	lane   state.Lane
	cutoff time.Time
	heads  []state.Head
	after  state.Cursor
	ended  bool
}

func (r *run) queue(lane state.Lane) *queue {
	return &queue{run: r, lane: lane, cutoff: r.started.Add(-r.repairer.options.Grace)}
}

// next returns the message that has waited longest and was not visited. A page that is empty may be
// followed by more.
func (q *queue) next(ctx context.Context) (state.Head, bool, error) {
	for {
		for len(q.heads) > 0 {
			head := q.heads[0]
			q.heads = q.heads[1:]
			if !q.run.visited[head.Message] {
				q.run.visited[head.Message] = true
				return head, true, nil
			}
		}
		if q.ended {
			return state.Head{}, false, nil
		}
		page, err := q.run.repairer.options.Store.Due(ctx, q.lane, q.cutoff, q.after, pageSize)
		if err != nil {
			return state.Head{}, false, fmt.Errorf("due: %w", err)
		}
		q.heads, q.after, q.ended = page.Heads, page.Next, !page.More
	}
}
