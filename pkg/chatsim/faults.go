package chatsim

import (
	"math/rand/v2"
	"slices"
	"time"

	"msgext/pkg/msgext"
)

// Faults say what goes wrong between a change and the arrival of its webhook. Each probability
// applies to a single webhook and is from 0 to 1. The zero value sends every webhook once, in
// order, at the moment of its change.
type Faults struct {
	// Drop loses the webhook.
	Drop float64
	// KeepLast never drops the last webhook of a message. Then a later version reveals every loss.
	KeepLast bool
	// Duplicate sends it once more, up to MaxDelay later.
	Duplicate float64
	// Reorder sends it right after the next webhook of the same message.
	Reorder float64
	// Delay sends it up to MaxDelay late.
	Delay float64
	// MaxDelay is 5 s when zero.
	MaxDelay time.Duration
	// TimeOut makes Chat's first attempt time out and sends the webhook again RetryAfter later. In
	// half of the cases the first attempt has arrived nevertheless.
	TimeOut float64
	// RetryAfter is the time between the two attempts, including the time-out; 3 s when zero.
	RetryAfter time.Duration
	// Burst holds back a webhook and the following ones, of any message, BurstSize in all, and
	// sends them at once.
	Burst float64
	// BurstSize is 50 when zero.
	BurstSize int
	// NewerSeq affects a webhook that is sent after the message's next change: its outer Seq
	// becomes the version of that change. "Latest version of the whole message"
	// (trtc.io/document/76007) may mean this. Clears and webhooks that are on time are not
	// affected.
	NewerSeq float64
	// Forge sends, right after the change, an event that nobody made, under a valid Sign. Its
	// version is below, at and above the true one in turn.
	Forge float64
	// Garble sends the webhook with a body that is not as the vendor documents: a field of another
	// type, a list of another shape, a missing field, or the end cut off. The fields that identify
	// the message stay.
	Garble float64
	// Silence loses every webhook about a message's extensions, including the last and forged ones.
	// It is the probability per message, not per webhook.
	Silence float64
	// Seed decides which webhooks are affected. The workload's history does not depend on it.
	Seed uint64
}

func (f Faults) withDefaults() Faults {
	if f.MaxDelay == 0 {
		f.MaxDelay = 5 * time.Second
	}
	if f.RetryAfter == 0 {
		f.RetryAfter = 3 * time.Second
	}
	if f.BurstSize == 0 {
		f.BurstSize = 50
	}
	return f
}

// told is one change, with its time and its webhook.
type told struct {
	at      time.Time
	change  change
	message msgext.Message
	user    string
	version int64
}

// spoil converts changes, in the order they were made, into the webhooks that are sent. It adds the
// deliveries and their counts to the plan.
func (f Faults) spoil(plan *Plan, changes []told) {
	f = f.withDefaults()
	r := rand.New(rand.NewPCG(f.Seed, 0x6661756c7473))
	next := nextOfMessage(changes)
	fates := f.draw(r, next)
	silent := f.silence(changes)
	var sent []Step
	send := func(at time.Time, d Delivery) { sent = append(sent, Step{At: at, Delivery: &d}) }
	for i, c := range changes {
		fate := fates[i]
		if silent[c.message] {
			plan.Counts.Dropped++
			continue
		}
		if fate.forge {
			send(c.at, forge(r, c, plan))
		}
		if fate.drop {
			plan.Counts.Dropped++
			continue
		}
		at := c.at
		switch {
		case fate.reorder:
			at = changes[next[i]].at.Add(time.Millisecond)
			plan.Counts.Reordered++
		case fate.delay > 0:
			at = at.Add(fate.delay)
			plan.Counts.Delayed++
		}
		if fate.newerSeq && c.change.OperateType != msgext.Clear && next[i] >= 0 && !at.Before(changes[next[i]].at) {
			c.change.Seq = changes[next[i]].version
			plan.Counts.NewerSeq++
		}
		delivery := newDelivery(c.message, c.user, c.version, c.change)
		if fate.garble {
			delivery = delivery.garble(c, plan.Counts.Garbled)
			plan.Counts.Garbled++
		}
		if fate.duplicate > 0 {
			send(at.Add(fate.duplicate), delivery)
			plan.Counts.Duplicated++
		}
		if fate.timeOut {
			if plan.Counts.TimedOut%2 == 1 {
				send(at, delivery)
			}
			plan.Counts.TimedOut++
			delivery.Attempt = 2
			at = at.Add(f.RetryAfter)
		}
		send(at, delivery)
	}
	slices.SortStableFunc(sent, func(a, b Step) int { return a.At.Compare(b.At) })
	plan.Counts.Bursts = f.bunch(r, sent)
	plan.Steps = append(plan.Steps, sent...)
	plan.Counts.Sent = len(sent)
}

// fate is what happens to one webhook.
type fate struct {
	drop, reorder, timeOut, newerSeq, forge, garble bool
	delay, duplicate                                time.Duration
}

// draw decides the fates. It draws the same number of random numbers for each webhook whatever the
// probabilities are, so that changing one fault does not change the others.
func (f Faults) draw(r *rand.Rand, next []int) []fate {
	fates := make([]fate, len(next))
	late := func() time.Duration {
		return time.Millisecond + time.Duration(r.Int64N(max(1, int64(f.MaxDelay/time.Millisecond))))*time.Millisecond
	}
	for i := range fates {
		drop, reorder, timeOut := r.Float64() < f.Drop, r.Float64() < f.Reorder, r.Float64() < f.TimeOut
		newerSeq, forge, garble := r.Float64() < f.NewerSeq, r.Float64() < f.Forge, r.Float64() < f.Garble
		delayed, delay := r.Float64() < f.Delay, late()
		doubled, duplicate := r.Float64() < f.Duplicate, late()
		fates[i] = fate{drop: drop && !(f.KeepLast && next[i] < 0), reorder: reorder, timeOut: timeOut, newerSeq: newerSeq, forge: forge, garble: garble}
		if delayed {
			fates[i].delay = delay
		}
		if doubled {
			fates[i].duplicate = duplicate
		}
	}
	// A webhook that is overtaken needs another one that overtakes it: sent, and on time.
	overtaking := make(map[int]bool)
	for i := range fates {
		switch {
		case overtaking[i]:
			fates[i].reorder, fates[i].delay, fates[i].timeOut = false, 0, false
		case fates[i].reorder && !fates[i].drop && next[i] >= 0 && !fates[next[i]].drop:
			overtaking[next[i]] = true
		default:
			fates[i].reorder = false
		}
	}
	return fates
}

// nextOfMessage returns for each change the index of the next one of the same message, -1 for none.
func nextOfMessage(changes []told) []int {
	next := make([]int, len(changes))
	last := make(map[msgext.Message]int)
	for i := len(changes) - 1; i >= 0; i-- {
		next[i] = -1
		if later, ok := last[changes[i].message]; ok {
			next[i] = later
		}
		last[changes[i].message] = i
	}
	return next
}

// bunch makes bursts of deliveries that are sorted by time, and keeps them sorted.
func (f Faults) bunch(r *rand.Rand, sent []Step) (bursts int) {
	for i := 0; i < len(sent); i++ {
		if r.Float64() >= f.Burst {
			continue
		}
		end := min(i+f.BurstSize, len(sent)) - 1
		for j := i; j < end; j++ {
			sent[j].At = sent[end].At
		}
		i, bursts = end, bursts+1
	}
	return bursts
}
