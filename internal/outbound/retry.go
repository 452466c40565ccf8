package outbound

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Policy is how often something is tried, and after which pauses. A driver makes one attempt and
// says by Again whether another can help; the loop is here.
type Policy struct {
	Tries   int           // at most; 0 for as many as the context allows
	First   time.Duration // the pause after the first try, doubled with each
	Longest time.Duration // of a pause; 0 for no bound

	// Rand makes the jitter; math/rand/v2's Uint32 when nil.
	Rand func() uint32
}

// Delivery is the policy within a reply: five tries whose pauses are 600 ms at most in all, which
// leaves the tries themselves more than half of 1.5 s. The pauses that an SDK brings are a second
// and more.
func Delivery() Policy { return Policy{Tries: 5, First: 40 * time.Millisecond} }

// again is an error that another try can mend.
type again struct {
	err   error
	after time.Duration
}

func (a *again) Error() string { return a.err.Error() }
func (a *again) Unwrap() error { return a.err }

// Again marks what an attempt failed with as something that another one can mend, not before after
// has passed; 0 leaves the pause to the policy.
func Again(err error, after time.Duration) error { return &again{err, after} }

// tries is the key under which a context carries what counts attempts.
type tries struct{}

// Counting is a context under which each attempt of Do is counted.
type Counting struct {
	context.Context
	count atomic.Int32
}

// Value implements context.Context.
func (c *Counting) Value(key any) any {
	if key == (tries{}) {
		return &c.count
	}
	return c.Context.Value(key)
}

// Tries returns how many attempts there were so far.
func (c *Counting) Tries() int { return int(c.count.Load()) }

// Do makes attempts until one succeeds, fails in a way that is not marked by Again, or was the last
// one allowed. A pause that the context would not outlast is not begun. It returns the last
// attempt's error without the mark, or the context's own, followed by what went wrong before.
func (p Policy) Do(ctx context.Context, attempt func(context.Context) error) error {
	var before error
	count, counts := ctx.Value(tries{}).(*atomic.Int32)
	for try := 1; ; try++ {
		if counts {
			count.Add(1)
		}
		err := attempt(ctx)
		failed, more := errors.AsType[*again](err)
		if !more {
			if before != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return fmt.Errorf("%w after: %w", err, before)
			}
			return err
		}
		if before = failed.err; try == p.Tries {
			return before
		}
		pause := failed.after
		if pause == 0 {
			pause = p.Pause(try)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
			return before
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w after: %w", ctx.Err(), before)
		}
	}
}

// Pause returns how long to wait after a try, counted from 1: between a half and the whole of what
// the policy says, so that those who failed together do not come back together.
func (p Policy) Pause(try int) time.Duration {
	whole := p.First << min(try-1, 20)
	if p.Longest > 0 {
		whole = min(whole, p.Longest)
	}
	random := p.Rand
	if random == nil {
		random = rand.Uint32
	}
	return whole/2 + time.Duration(uint64(whole/2)*uint64(random())>>32)
}
