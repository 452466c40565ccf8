package consumer_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

// believer is a way of processing events.
type believer interface {
	take(event)
	visible() []msgext.KeyValue
}

// right is the package's own way.
type right struct{ consumer.View }

func (r *right) take(e event) {
	if e.truth != nil {
		r.TakeRead(*e.truth)
		return
	}
	r.TakeChange(*e.change, e.received)
}

func (r *right) visible() []msgext.KeyValue { return r.Reply().ExtensionList }

func takeAll(b believer, events []event) []msgext.KeyValue {
	for i, e := range events {
		e.arrived = i + 1
		b.take(e)
	}
	return b.visible()
}

// delivered is the part of a history that arrives, and what Chat has at its end.
type delivered struct {
	events []event
	truth  []msgext.KeyValue
}

// T1: after a read that began after the last change, and the margin after the last webhook was
// received, a consumer shows what Chat has, whatever else was lost, repeated, forged or late.
func historyT1(seed uint64, f faults) delivered {
	w := newWorld(seed, f)
	w.play()
	settled := w.settle()
	arrived := w.deliver(w.events[:len(w.events)-1], 30)
	at := w.r.IntN(len(arrived) + 1)
	return delivered{slices.Insert(arrived, at, settled), list(w.truth())}
}

// T2: if nothing above the last read was lost, and reads have refuted every forgery, a consumer
// shows what Chat has. met reports whether a history meets this condition, for a consumer that
// makes no mistake. If LatestSeq falls, a change above it may be decided only by its time. An older
// change that is then received again is visible until the next read, so such histories do not
// count.
func historyT2(seed uint64, f faults) (history delivered, met bool) {
	w := newWorld(seed, f)
	w.play()
	history = delivered{w.deliver(w.events, 3), list(w.truth())}
	line, decided := decides(history.events)
	have := map[int64]int64{} // when each version was last received
	for _, e := range history.events {
		if e.change != nil && !e.forged {
			have[e.change.Version()] = max(have[e.change.Version()], e.received)
		}
	}
	for _, change := range w.changes {
		received, found := have[change.Version()]
		if change.Version() > line && (!found || w.falling && received < decided) {
			return history, false
		}
	}
	for _, e := range history.events {
		if e.forged && e.change.Version() > line && e.received >= decided {
			return history, false
		}
	}
	return history, true
}

func (d delivered) holds(b believer) bool { return slices.Equal(d.truth, takeAll(b, d.events)) }

// decides returns the greatest LatestSeq and DecidedBefore of any read.
func decides(events []event) (line, decided int64) {
	for _, e := range events {
		if e.truth != nil {
			line, decided = max(line, e.truth.LatestSeq), max(decided, e.truth.DecidedBefore)
		}
	}
	return line, decided
}

var careful = faults{margin: -1}

// histories is how many histories are tried: enough to detect the rarest mistake.
var histories = flag.Uint64("histories", 20_000, "how many histories the laws are tried on")

func TestView_T1(t *testing.T) {
	for seed := range *histories {
		require.True(t, historyT1(seed, careful).holds(new(right)), "seed %d", seed)
	}
}

func TestView_T2(t *testing.T) {
	of := 0
	for seed := range *histories {
		history, met := historyT2(seed, careful)
		if met {
			of++
			require.True(t, history.holds(new(right)), "seed %d", seed)
		}
	}
	assert.Greater(t, of, int(*histories/10), "histories that meet the premise")
	t.Logf("%d of %d histories meet the premise", of, *histories)
}

// What is shown depends only on the set of events, not on their order and number, nor on restarts
// between them.
func TestView_ShowsAFunctionOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "world"), careful)
		w.play()
		w.r = rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "delivery"), 1))
		arrived := w.deliver(w.events, 20)
		other := slices.Clone(arrived)
		for _, e := range arrived {
			if w.chance(20) {
				other = append(other, e)
			}
		}
		other = rapid.Permutation(other).Draw(t, "order")
		one, two := new(right), new(right)
		takeAll(one, arrived)
		for _, e := range other {
			two.take(e)
			if w.chance(10) {
				two = restarted(t, two)
			}
		}
		require.Equal(t, one.Reply(), two.Reply())
	})
}

func restarted(t require.TestingT, before *right) *right {
	kept, err := json.Marshal(before.View)
	require.NoError(t, err)
	after := new(right)
	require.NoError(t, json.Unmarshal(kept, &after.View))
	return after
}

// Forgetting rows that are decided or useless changes nothing that is visible.
func TestView_ForgettingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "world"), careful)
		w.play()
		arrived := w.deliver(w.events, 20)
		line, decided := decides(arrived)
		kept, all := new(right), new(right)
		takeAll(kept, arrived)
		// Reads first, then only those changes that are not decided in the end.
		for _, e := range arrived {
			if e.truth != nil {
				all.take(e)
			}
		}
		for _, e := range arrived {
			if e.change != nil && e.change.Version() > line && e.received >= decided {
				all.take(e)
			}
		}
		require.Equal(t, all.Reply(), kept.Reply())
	})
}
