package outbound

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Policy is how often something is tried, and how long the pauses between the tries are. A driver
// makes one attempt and marks its error by Again where another attempt can help. The loop is here.
type Policy struct {
	Tries   int           // at most; 0 for as many as the context allows
	First   time.Duration // the pause after the first try, doubled with each
	Longest time.Duration // bound of a pause; 0 for no bound

	// Rand gives the jitter; math/rand/v2's Uint32 when nil.
	Rand func() uint32
}

// Delivery is the policy within a reply: five tries with pauses of at most 600 ms in total. More
// than half of 1.5 s is left for the tries themselves. The defaults of SDKs pause for a second and
// more.
func Delivery() Policy { return Policy{Tries: 5, First: 40 * time.Millisecond} }

// again is an error after which another try can succeed.
type again struct {
	err   error
	after time.Duration
}

func (a *again) Error() string { return a.err.Error() }
func (a *again) Unwrap() error { return a.err }

// Again marks an error as one after which another attempt can succeed, but not before after has
// passed. With 0 the policy decides about the pause.
func Again(err error, after time.Duration) error { return &again{err, after} }

// tries is the key under which a context carries a counter of attempts.
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

// Do makes attempts until one succeeds, fails without the mark of Again, or was the last one
// allowed. It does not begin a pause that ends after the context's deadline. It returns the last
// attempt's error without the mark, or the context's error followed by what went wrong before.
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

// Pause returns how long to wait after a try, counted from 1. It is at random between half and all
// of the policy's pause, so that clients that failed together do not return together.
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
