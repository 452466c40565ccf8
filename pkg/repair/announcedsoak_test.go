package repair_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

// lastAnnouncedRead is how long after its announcement a message is read for the last time, if
// nothing is heard of it.
const lastAnnouncedRead = 7 * 24 * time.Hour

// unheard is an announced message none of whose webhooks about extensions ever arrives.
type unheard struct {
	msgext.Message
	announced time.Time
	changes   []time.Time
}

// Two weeks of messages that are announced and then never heard of, changed up to nine days later,
// or not at all. A message is right if a scheduled read follows its last change. One without
// extensions by its last read is forgotten, and nobody is told of it. What changes after the last
// read is found by a comparison with Chat, and by nothing else.
func TestRun_Soak_AnnouncedMessagesOfWhichNothingIsHeard(t *testing.T) {
	w := newWorld(t, nil)
	messages := w.playUnheard(t, rand.New(rand.NewPCG(1, 20)))
	told := w.told()
	var stale []unheard
	kinds := make(map[string]int)
	for _, m := range messages {
		record, err := w.store.Load(t.Context(), m.Message)
		if err != nil {
			require.ErrorIs(t, err, state.ErrNotFound)
		}
		inTime := func(at time.Time) bool { return at.Before(m.announced.Add(lastAnnouncedRead)) }
		switch {
		case !slices.ContainsFunc(m.changes, inTime):
			kinds["nothing to read"]++
			assert.ErrorIs(t, err, state.ErrNotFound, m.Path())
			assert.NotContains(t, told, m.Path())
		case inTime(m.changes[len(m.changes)-1]):
			kinds["right"]++
			require.NoError(t, err, m.Path())
			assert.Equal(t, w.chat.Truth(m.Message), record.State.Reply(), m.Path())
			assert.Equal(t, w.chat.Truth(m.Message), w.sink.Reply(m.Message), m.Path())
		default:
			kinds["changed later"]++
			assert.NotEqual(t, w.chat.Truth(m.Message), record.State.Reply(), m.Path())
			stale = append(stale, m)
		}
	}
	assert.Len(t, kinds, 3, "every kind was met: %v", kinds)

	report := w.run(t, w.verifier(nil, func(o *repair.Options) { o.ReadAll, o.VerifySample = true, 1000 }))
	assert.Equal(t, len(stale), report.Drift)
	w.pass(2 * grace)
	w.run(t, w.repairer(func(o *repair.Options) { o.ReadAll = true }))
	for _, m := range stale {
		assert.Equal(t, w.chat.Truth(m.Message), w.record(t, m.Message).State.Reply(), m.Path())
		assert.Equal(t, w.chat.Truth(m.Message), w.sink.Reply(m.Message), m.Path())
	}
}

// playUnheard announces messages and changes them, while repair runs, until their last reads are
// over.
func (w *world) playUnheard(t *testing.T, r *rand.Rand) (messages []unheard) {
	t.Helper()
	type step struct {
		at time.Time
		do func()
	}
	var steps []step
	within := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
	for n := range 24 {
		m := unheard{Message: msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: int64(n)}, announced: w.clock().Add(within(4 * 24 * time.Hour))}
		if n%6 == 5 {
			m.Message = msgext.Message{SDKAppID: app, From: "alice", To: "bob", MsgKey: fmt.Sprintf("%d_2_3", n)}
		}
		steps = append(steps, step{m.announced, func() { w.announce(t, m.Message) }})
		w.chat.Add(m.Message)
		for range r.IntN(5) {
			longest := []time.Duration{time.Hour, 24 * time.Hour, 9 * 24 * time.Hour}[r.IntN(3)]
			m.changes = append(m.changes, m.announced.Add(within(longest)))
		}
		slices.SortFunc(m.changes, time.Time.Compare)
		for i, at := range m.changes {
			steps = append(steps, step{at, func() { w.change(t, m.Message, msgext.Set, fmt.Sprint("user", i%3), fmt.Sprint(i)) }})
		}
		messages = append(messages, m)
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	repairer := w.repairer(func(o *repair.Options) { o.ReadAll = true })
	until := func(at time.Time) {
		for w.clock().Before(at) {
			w.pass(min(5*time.Minute, at.Sub(w.clock())))
			w.run(t, repairer)
		}
	}
	for _, step := range steps {
		until(step.at)
		step.do()
	}
	until(w.clock().Add(lastAnnouncedRead + time.Hour))
	return messages
}
