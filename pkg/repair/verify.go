package repair

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

const (
	// verifyPace is the time between two messages of Verify. At this pace it takes a tenth of the
	// calls that Chat allows, because repair goes on meanwhile.
	verifyPace = 50 * time.Millisecond

	// verifyWorkers is how many messages are compared at once.
	verifyWorkers = 8

	// maxSuspects bounds how many messages that seem to differ wait to be compared again.
	maxSuspects = 1000
)

// VerifyOptions say what Verify does. The zero value only compares.
type VerifyOptions struct {
	// Repair doubts what differs, so that the next run of repair reads it back.
	Repair bool

	// Told is given the verdict of each message, Failed the error of each that could not be
	// compared, and Progress the counts so far. Each may be nil. They are called by one goroutine
	// at a time.
	Told     func(Verdict)
	Failed   func(message msgext.Message, err error)
	Progress func(Verified)
}

// Verified is the result of Verify.
type Verified struct {
	Compared  int `json:"compared"`
	Equal     int `json:"equal"`
	Differing int `json:"differing"`
	Gone      int `json:"gone"`
	Undecided int `json:"undecided"`
	Failed    int `json:"failed"`
	Doubted   int `json:"doubted"`
}

// OK reports whether nothing was found to differ, and everything could be compared.
func (v Verified) OK() bool { return v.Differing+v.Gone+v.Failed == 0 }

func (v Verified) String() string {
	text := fmt.Sprintf("verify: %d messages: %d equal, %d differ, %d that Chat has no more, %d undecided, %d failed",
		v.Compared, v.Equal, v.Differing, v.Gone, v.Undecided, v.Failed)
	if v.Doubted > 0 {
		text += fmt.Sprintf(", %d doubted", v.Doubted)
	}
	return text
}

// Verify compares messages with Chat, up to 20 a second. One that seems to differ is compared again
// once the grace time is over. It differs only if the second read says the same and nothing was
// heard or read of it meanwhile. Then no webhook was on its way, and the read did not come from a
// replica that lags.
//
// Its error is that of the messages, or the context's. Then what had to be compared again is
// undecided.
func (r *Repairer) Verify(ctx context.Context, messages iter.Seq2[msgext.Message, error], options VerifyOptions) (Verified, error) {
	v := verification{repairer: r, options: options, slots: make(chan struct{}, verifyWorkers)}
	var began time.Time // when the message before this one was begun
	var err error
	for message, failed := range messages {
		if err = failed; err != nil {
			break
		}
		if err = v.pace(ctx, began); err != nil {
			break
		}
		began = r.options.Now()
		v.compare(ctx, message)
		if v.suspected() >= maxSuspects {
			v.confirm(ctx)
		}
	}
	v.confirm(ctx)
	return v.verified, err
}

// verification is one Verify under way.
type verification struct {
	repairer *Repairer
	options  VerifyOptions
	slots    chan struct{}
	working  sync.WaitGroup

	mu       sync.Mutex
	suspects []Verdict // of messages that seem to differ
	newest   time.Time // when the last of them was found
	verified Verified
}

// pace waits until verifyPace is over since the message before was begun.
func (v *verification) pace(ctx context.Context, began time.Time) error {
	options := v.repairer.options
	if left := began.Add(verifyPace).Sub(options.Now()); left > 0 {
		return options.Wait(ctx, left)
	}
	return ctx.Err()
}

func (v *verification) suspected() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.suspects)
}

// compare compares a message for the first time.
func (v *verification) compare(ctx context.Context, message msgext.Message) {
	v.beside(ctx, message, func(verdict Verdict) {
		if verdict.Comparison == Differs || verdict.Comparison == Gone {
			v.suspects, v.newest = append(v.suspects, verdict), v.repairer.options.Now()
			return
		}
		v.tell(verdict)
	})
}

// confirm compares again what seems to differ, once the grace time is over.
func (v *verification) confirm(ctx context.Context) {
	v.working.Wait()
	suspects := v.suspects
	v.suspects = nil
	if len(suspects) == 0 {
		return
	}
	r := v.repairer
	err := r.options.Wait(ctx, v.newest.Add(r.options.Grace).Sub(r.options.Now()))
	for _, first := range suspects {
		if err != nil {
			v.tell(first.undecided())
			continue
		}
		v.beside(ctx, first.Message, func(second Verdict) {
			if second.Comparison == Equal || !second.sameAs(first) {
				second = second.undecided()
			}
			v.tell(v.doubt(ctx, second))
		})
	}
	v.working.Wait()
}

// undecided returns the verdict of a message about which nothing is certain.
func (v Verdict) undecided() Verdict {
	return Verdict{Message: v.Message, Comparison: Undecided, Latest: v.Latest, ChatLatest: v.ChatLatest}
}

// beside compares a message while others are compared; then judges its verdict, one at a time.
func (v *verification) beside(ctx context.Context, message msgext.Message, judge func(Verdict)) {
	v.slots <- struct{}{}
	v.working.Go(func() {
		defer func() { <-v.slots }()
		verdict, err := v.repairer.Compare(ctx, message)
		v.mu.Lock()
		defer v.mu.Unlock()
		if err == nil {
			judge(verdict)
		} else {
			v.verified.Compared++
			v.verified.Failed++
			if v.options.Failed != nil {
				v.options.Failed(message, err)
			}
		}
		if v.options.Progress != nil {
			v.options.Progress(v.verified)
		}
	})
}

// doubt has a message that differs read back, if that is asked for.
func (v *verification) doubt(ctx context.Context, verdict Verdict) Verdict {
	if !v.options.Repair || verdict.Comparison == Undecided {
		return verdict
	}
	r := v.repairer
	if err := r.options.Store.Doubt(ctx, verdict.Message, r.options.Now(), state.FromOperator); err != nil {
		v.verified.Failed++
		if v.options.Failed != nil {
			v.options.Failed(verdict.Message, err)
		}
		return verdict
	}
	v.verified.Doubted++
	return verdict
}

// tell counts a verdict that stands.
func (v *verification) tell(verdict Verdict) {
	v.verified.Compared++
	switch verdict.Comparison {
	case Equal:
		v.verified.Equal++
	case Differs:
		v.verified.Differing++
	case Gone:
		v.verified.Gone++
	case Undecided:
		v.verified.Undecided++
	}
	if v.options.Told != nil {
		v.options.Told(verdict)
	}
}
