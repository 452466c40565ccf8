package chatsim

import (
	"math/rand/v2"
	"slices"
	"time"

	"msgext/pkg/msgext"
)

// Plan is a complete schedule of a workload and its faults: who changes what and when, and which
// webhooks are sent and when. It is made before anything happens, so it can be compared, counted
// and played in different ways.
type Plan struct {
	Steps  []Step // sorted by time; a change comes before the webhooks of the same moment
	Counts Counts
}

// Step is one moment of a plan: either a change that is made or a webhook that is sent. The other
// is nil.
type Step struct {
	At       time.Time
	Change   *Change
	Version  int64 // the version that the change makes, 0 if it is refused
	Delivery *Delivery
}

// Counts has the totals of a plan.
type Counts struct {
	Changes   int // made: sets, deletes and clears
	Sets      int
	Deletes   int
	Clears    int
	Conflicts int // with at least one key refused, because another user was faster
	Refused   int // refused completely, for that reason or because the message was full

	Sent       int // webhooks, including everything below except Dropped
	Dropped    int
	Duplicated int
	Reordered  int
	Delayed    int
	TimedOut   int // sent again after a time-out
	Bursts     int
	NewerSeq   int // with the outer Seq of a later change
	Garbled    int // with a body that is not as documented
	Announced  int // announced messages; their webhooks do not count as Sent

	ForgedBelow int
	ForgedAt    int
	ForgedAbove int
}

// Forged counts the forged webhooks.
func (c Counts) Forged() int { return c.ForgedBelow + c.ForgedAt + c.ForgedAbove }

// Plan computes a workload that continues from the truth as it is now. It changes nothing.
func (s *Sim) Plan(workload Workload, faults Faults) Plan {
	workload = workload.withDefaults(s.options.Now())
	messages := workload.messages(s.options.SDKAppID)
	s.mu.Lock()
	shadow := s.truth.clone(messages)
	s.mu.Unlock()

	var plan Plan
	var changes []told
	r := rand.New(rand.NewPCG(workload.Seed, 0x757365727320))
	pick := workload.pick(r)
	at := workload.Start
	for plan.Counts.Changes < workload.Changes {
		at = at.Add(time.Duration(r.Int64N(2*int64(workload.Every/time.Millisecond)+1)) * time.Millisecond)
		number := pick()
		c := Change{Message: messages[number]}
		c.User, c.Operation, c.KeyValues = scene(number)(r, shadow.record(c.Message), workload.Users)
		outcome, err := shadow.apply(c)
		plan.Steps = append(plan.Steps, Step{At: at, Change: &c, Version: outcome.Version})
		plan.Counts.count(c, outcome, err)
		if outcome.Version == 0 {
			continue
		}
		changes = append(changes, told{at, outcome.change(c, at), c.Message, c.User, outcome.Version})
	}
	faults.spoil(&plan, changes)
	if workload.Announce {
		faults.announce(&plan, changes)
	}
	slices.SortStableFunc(plan.Steps, func(a, b Step) int { return a.At.Compare(b.At) })
	return plan
}

func (c *Counts) count(change Change, outcome Outcome, err error) {
	if len(outcome.Conflicts) > 0 {
		c.Conflicts++
	}
	if err != nil {
		c.Refused++
	}
	if outcome.Version == 0 {
		return
	}
	c.Changes++
	switch change.Operation {
	case msgext.Set:
		c.Sets++
	case msgext.Delete:
		c.Deletes++
	case msgext.Clear:
		c.Clears++
	}
}
