package chatsim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

var start = time.UnixMilli(1764688294000)

var workload = chatsim.Workload{Seed: 7, Messages: 20, Changes: 2000, Start: start}

var everything = chatsim.Faults{Seed: 7, Drop: 0.1, Duplicate: 0.1, Reorder: 0.1, Delay: 0.1, TimeOut: 0.1, Burst: 0.01, NewerSeq: 0.3, Forge: 0.1, Garble: 0.1}

// webhooks returns the true and the forged deliveries of a plan.
func webhooks(plan chatsim.Plan) (genuine, forged []chatsim.Step) {
	for _, step := range plan.Steps {
		switch {
		case step.Delivery == nil:
		case step.Delivery.Forgery == chatsim.Genuine:
			genuine = append(genuine, step)
		default:
			forged = append(forged, step)
		}
	}
	return genuine, forged
}

type version struct {
	message msgext.Message
	version int64
}

// made returns the time of each version, and the last version of each message.
func made(plan chatsim.Plan) (map[version]time.Time, map[msgext.Message]int64) {
	at, last := make(map[version]time.Time), make(map[msgext.Message]int64)
	for _, step := range plan.Steps {
		if step.Change != nil && step.Version > 0 {
			at[version{step.Change.Message, step.Version}] = step.At
			last[step.Change.Message] = step.Version
		}
	}
	return at, last
}

func TestPlan_SameSeedSamePlan(t *testing.T) {
	assert.Equal(t, newSim().Plan(workload, everything), newSim().Plan(workload, everything))

	other := workload
	other.Seed++
	assert.NotEqual(t, newSim().Plan(workload, everything).Steps, newSim().Plan(other, everything).Steps)

	faultless, faulty := newSim().Plan(workload, chatsim.Faults{}), newSim().Plan(workload, everything)
	versions, _ := made(faultless)
	same, _ := made(faulty)
	assert.Equal(t, versions, same, "faults leave the history as it is")
}

func TestPlan_WithoutFaultsEveryVersionIsSentOnceAtItsTime(t *testing.T) {
	sim := newSim()
	plan := sim.Plan(workload, chatsim.Faults{})
	assert.Empty(t, sim.Messages(), "planning changes nothing")
	at, _ := made(plan)
	sent, forged := webhooks(plan)
	assert.Empty(t, forged)
	assert.Len(t, at, 2000)
	require.Len(t, sent, 2000)
	for _, step := range sent {
		v := version{step.Delivery.Message, step.Delivery.Version}
		assert.Equal(t, at[v], step.At)
		delete(at, v)
	}
	assert.Empty(t, at)
	c := plan.Counts
	assert.Equal(t, 2000, c.Sets+c.Deletes+c.Clears)
	assert.NotZero(t, c.Deletes)
	assert.NotZero(t, c.Clears)
	assert.NotZero(t, c.Conflicts, "users are too late now and then")
	assert.Equal(t, chatsim.Counts{Changes: 2000, Sets: c.Sets, Deletes: c.Deletes, Clears: c.Clears,
		Conflicts: c.Conflicts, Refused: c.Refused, Sent: 2000}, c)
	assert.True(t, sorted(plan.Steps))
}

func sorted(steps []chatsim.Step) bool {
	for i := 1; i < len(steps); i++ {
		if steps[i].At.Before(steps[i-1].At) {
			return false
		}
	}
	return true
}

// Each fault alone has its effect, and affects about the requested share of webhooks.
func TestPlan_EachFault(t *testing.T) {
	const few, many = 140, 260 // of 2000 at 10 %, more than four standard deviations either way
	tests := []struct {
		name   string
		faults chatsim.Faults
		count  func(chatsim.Counts) int
		// hit counts the fault's effects in what is sent.
		hit func(at map[version]time.Time, sent []chatsim.Step) int
	}{
		{"drop", chatsim.Faults{Drop: 0.1}, func(c chatsim.Counts) int { return c.Dropped },
			func(at map[version]time.Time, sent []chatsim.Step) int { return len(at) - len(times(sent)) }},
		{"duplicate", chatsim.Faults{Duplicate: 0.1}, func(c chatsim.Counts) int { return c.Duplicated },
			func(_ map[version]time.Time, sent []chatsim.Step) int { return len(sent) - len(times(sent)) }},
		{"delay", chatsim.Faults{Delay: 0.1, MaxDelay: time.Minute}, func(c chatsim.Counts) int { return c.Delayed },
			func(at map[version]time.Time, sent []chatsim.Step) (late int) {
				for v, sentAt := range times(sent) {
					if delay := sentAt.Sub(at[v]); delay > 0 {
						assert.LessOrEqual(t, delay, time.Minute)
						late++
					}
				}
				return late
			}},
		{"reorder", chatsim.Faults{Reorder: 0.1}, func(c chatsim.Counts) int { return c.Reordered },
			func(_ map[version]time.Time, sent []chatsim.Step) (overtaken int) {
				newest := make(map[msgext.Message]int64)
				for _, step := range sent {
					d := step.Delivery
					if d.Version == newest[d.Message]-1 {
						overtaken++
					}
					newest[d.Message] = max(newest[d.Message], d.Version)
				}
				return overtaken
			}},
		{"time out", chatsim.Faults{TimeOut: 0.1, RetryAfter: 3 * time.Second}, func(c chatsim.Counts) int { return c.TimedOut },
			func(at map[version]time.Time, sent []chatsim.Step) (again int) {
				for _, step := range sent {
					if step.Delivery.Attempt == 2 {
						assert.Equal(t, 3*time.Second, step.At.Sub(at[version{step.Delivery.Message, step.Delivery.Version}]))
						again++
					}
				}
				assert.Equal(t, again/2, len(sent)-len(times(sent)), "every other first attempt has arrived")
				return again
			}},
		{"newer seq", chatsim.Faults{NewerSeq: 1, Reorder: 0.12}, func(c chatsim.Counts) int { return c.NewerSeq },
			func(_ map[version]time.Time, sent []chatsim.Step) (newer int) {
				for _, step := range sent {
					event, err := msgext.Decode("1400000000", step.Delivery.Command, step.Delivery.Body)
					assert.NoError(t, err)
					assert.Equal(t, step.Delivery.Version, event.Version(), "its own version is that of its key-values")
					if event.Seq == step.Delivery.Version+1 {
						newer++
					}
				}
				return newer
			}},
		{"garble", chatsim.Faults{Garble: 0.1}, func(c chatsim.Counts) int { return c.Garbled },
			func(_ map[version]time.Time, sent []chatsim.Step) (garbled int) {
				for _, step := range sent {
					d := step.Delivery
					_, err := msgext.Decode("1400000000", d.Command, d.Body)
					assert.Equal(t, d.Garbled, err != nil)
					if d.Garbled {
						garbled++
						message, named := msgext.Identify("1400000000", d.Command, d.Body)
						assert.True(t, named, "%s", d.Body)
						assert.Equal(t, d.Message, message)
					}
				}
				return garbled
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := newSim().Plan(workload, test.faults)
			at, _ := made(plan)
			sent, _ := webhooks(plan)
			count := test.count(plan.Counts)
			assert.Equal(t, count, test.hit(at, sent))
			assert.Greater(t, count, few)
			assert.Less(t, count, many)
			assert.Equal(t, plan.Counts.Sent, len(sent))
			assert.True(t, sorted(plan.Steps))
		})
	}
}

func times(sent []chatsim.Step) map[version]time.Time {
	at := make(map[version]time.Time)
	for _, step := range sent {
		at[version{step.Delivery.Message, step.Delivery.Version}] = step.At
	}
	return at
}

func TestPlan_KeepLast(t *testing.T) {
	losesLast := func(faults chatsim.Faults) (lost int) {
		plan := newSim().Plan(chatsim.Workload{Messages: 200, Changes: 1000, Start: start}, faults)
		_, last := made(plan)
		sent, _ := webhooks(plan)
		arrived := times(sent)
		for message, v := range last {
			if _, ok := arrived[version{message, v}]; !ok {
				lost++
			}
		}
		assert.NotZero(t, plan.Counts.Dropped)
		return lost
	}
	assert.NotZero(t, losesLast(chatsim.Faults{Drop: 0.3}))
	assert.Zero(t, losesLast(chatsim.Faults{Drop: 0.3, KeepLast: true}))
	everythingKept := everything
	everythingKept.KeepLast = true
	assert.Zero(t, losesLast(everythingKept))
}

func TestPlan_Burst(t *testing.T) {
	plan := newSim().Plan(workload, chatsim.Faults{Burst: 0.01, BurstSize: 50})
	sent, _ := webhooks(plan)
	atOnce := make(map[time.Time]int)
	for _, step := range sent {
		atOnce[step.At]++
	}
	bursts := 0
	for _, n := range atOnce {
		if n >= 50 {
			bursts++
		}
	}
	assert.NotZero(t, bursts)
	assert.InDelta(t, plan.Counts.Bursts, bursts, 1, "but for one that the end cuts short")
	assert.Len(t, sent, 2000, "nothing is lost")
}

func TestPlan_Forge(t *testing.T) {
	plan := newSim().Plan(workload, chatsim.Faults{Forge: 0.1})
	latest := make(map[msgext.Message]int64)
	var counts chatsim.Counts
	for _, step := range plan.Steps {
		if step.Change != nil {
			latest[step.Change.Message] = max(latest[step.Change.Message], step.Version)
			continue
		}
		d := step.Delivery
		if d.Forgery == chatsim.Genuine {
			continue
		}
		event, err := msgext.Decode("1400000000", d.Command, d.Body)
		require.NoError(t, err, "a forger makes no mistakes")
		require.Equal(t, d.Version, event.Version())
		switch truth := latest[d.Message]; d.Forgery {
		case chatsim.ForgedBelow:
			counts.ForgedBelow++
			assert.Less(t, d.Version, truth)
			assert.Positive(t, d.Version)
		case chatsim.ForgedAt:
			counts.ForgedAt++
			assert.Equal(t, truth, d.Version)
		case chatsim.ForgedAbove:
			counts.ForgedAbove++
			assert.Greater(t, d.Version, truth)
		}
	}
	assert.Equal(t, counts.ForgedBelow, plan.Counts.ForgedBelow)
	assert.Equal(t, counts.ForgedAt, plan.Counts.ForgedAt)
	assert.Equal(t, counts.ForgedAbove, plan.Counts.ForgedAbove)
	assert.Equal(t, 2000+counts.Forged(), plan.Counts.Sent)
	for _, n := range []int{counts.ForgedBelow, counts.ForgedAt, counts.ForgedAbove} {
		assert.Greater(t, n, 30)
	}
}

// The boards become longer than a page of a REST read, and no change is refused because of a full
// message.
func TestPlan_FillsPages(t *testing.T) {
	sim := newSim()
	plan := sim.Plan(workload, chatsim.Faults{})
	keys, most := make(map[msgext.Message]map[string]bool), 0
	for _, step := range plan.Steps {
		if step.Change == nil || step.Version == 0 {
			continue
		}
		present := keys[step.Change.Message]
		if present == nil || step.Change.Operation == msgext.Clear {
			present = make(map[string]bool)
			keys[step.Change.Message] = present
		}
		for _, kv := range step.Change.KeyValues {
			if step.Change.Operation == msgext.Set {
				present[kv.Key] = true
			} else {
				delete(present, kv.Key)
			}
		}
		most = max(most, len(present))
	}
	assert.Greater(t, most, 200)
	assert.LessOrEqual(t, plan.Counts.Refused, plan.Counts.Conflicts)
}
