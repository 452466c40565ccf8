package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/state"
)

// testRandomHistories makes the same random calls to the store and to the model.
func testRandomHistories(t *testing.T, s state.Store) {
	const histories, changes = 14, 25
	for seed := range uint64(histories) {
		h := history{random: rand.New(rand.NewPCG(seed, 1)), twin: newTwin(s)}
		h.events = msgexttest.History(h.random, h.message, changes)
		for i, event := range msgexttest.Shuffle(h.random, h.events) {
			if h.random.IntN(8) == 0 {
				event = msgexttest.Forge(h.random, h.message, 1+h.random.Int64N(changes))
			}
			at, mark := h.moment(), state.Mark(h.random.IntN(2) == 0)
			h.make(t, fmt.Sprintf("seed %d, event %d", seed, i), func(ctx context.Context, s state.Store, _ msgext.Message) (bool, error) {
				return false, s.Apply(ctx, event, at, mark)
			})
			name, calls := h.step(event)
			for _, c := range calls {
				h.make(t, fmt.Sprintf("seed %d, after event %d: %s", seed, i, name), c)
			}
		}
	}
}

// history is the history of a message so far.
type history struct {
	twin
	random *rand.Rand
	events []msgext.Event
	last   state.Record // after the newest call
	loaded state.Record // as it was some calls ago, as a slow check knows it
}

func (h *history) make(t *testing.T, context string, c call) {
	if h.random.IntN(3) > 0 {
		h.loaded = h.last
	}
	_, h.last = h.do(t, context, c)
}

func (h *history) moment() time.Time {
	return start.Add(time.Duration(h.random.IntN(100)) * time.Second)
}

func (h *history) yes() bool { return h.random.IntN(2) == 0 }

// step returns calls that may happen after an event.
func (h *history) step(event msgext.Event) (string, []call) {
	switch h.random.IntN(16) {
	case 0, 1, 2:
		return "mark", []call{func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
			return false, s.MarkSeen(ctx, m, event.Version())
		}}
	case 3, 4:
		return "read", []call{h.merging(h.loaded)}
	case 5:
		return "read twice", []call{h.merging(h.last), h.merging(h.last)}
	case 6, 7, 8:
		return "check", []call{saving(h.outcome())}
	case 9, 10:
		return "drop", []call{h.merging(h.last), h.dropping(h.loaded.Check.DroppedAt), saving(h.outcome())}
	case 11:
		return "doubt", []call{doubting(h.moment(), state.Source(h.random.IntN(2)))}
	case 12:
		return "announcement", []call{announcing(h.moment(), h.moment())}
	case 13:
		revision := h.loaded.Check.Revision
		return "sweep", []call{func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
			return false, s.Sweep(ctx, m, revision)
		}}
	case 14:
		revision := h.loaded.Check.Revision
		return "erase", []call{func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
			return s.Erase(ctx, m, revision)
		}}
	default:
		if h.random.IntN(3) > 0 {
			return "nothing", nil
		}
		return "forget", []call{func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
			return false, s.Forget(ctx, m)
		}}
	}
}

// merging returns a call that merges a read of any moment. The read began when the message was as
// given.
func (h *history) merging(loaded state.Record) call {
	read := following(loaded, msgexttest.Truth(h.events[:h.random.IntN(len(h.events)+1)]))
	if h.random.IntN(4) == 0 && read.Latest > 0 {
		read.Ahead = read.Latest + 1
		read.Newer = []msgext.KeyValue{{Key: "key0", Value: "newer", Seq: read.Ahead}}
	}
	return func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
		return false, s.Merge(ctx, m, read)
	}
}

// dropping returns a call that drops the versions above the newest read. Nothing below a read is
// ever dropped.
func (h *history) dropping(droppedAt time.Time) call {
	drop := state.Drop{DroppedAt: droppedAt, Now: h.moment(), Due: h.moment()}
	return func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
		record, err := s.Load(ctx, m)
		if err != nil {
			return false, err
		}
		if record.State.Base != nil {
			drop.Above = record.State.Base.Latest
		}
		return s.Drop(ctx, m, drop)
	}
}

// outcome returns a possible outcome of a check that loaded the message as it is or as it was.
func (h *history) outcome() state.Outcome {
	r := h.random
	loaded := h.last
	if r.IntN(3) == 0 {
		loaded = h.loaded
	}
	o := state.Outcome{
		Revision: loaded.Check.Revision, DroppedAt: loaded.Check.DroppedAt, Started: h.moment(),
		Settles: h.yes(), Decided: h.moment(), Read: h.yes(), Latest: r.Int64N(25), Gone: r.IntN(4) == 0, GaveUp: r.IntN(4) == 0,
		Tries: r.IntN(3), SinksUpToDate: h.yes(),
	}
	if h.yes() {
		o.Floor = r.Int64N(12)
	}
	if h.yes() {
		o.Due = h.moment().Add(time.Hour)
	}
	if h.yes() {
		o.AheadOver, o.AheadSince = o.Latest+1+r.Int64N(5), h.moment()
	}
	return o
}

func testCancelled(t *testing.T, s state.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := NewMessage()
	_, loadErr := s.Load(ctx, m)
	_, dueErr := s.Due(ctx, state.FirstChecks, start, "", 10)
	_, dropErr := s.Drop(ctx, m, state.Drop{Above: 1, Now: start})
	_, eraseErr := s.Erase(ctx, m, 1)
	_, eachErr := s.Each(ctx, "", 10)
	_, countErr := s.Count(ctx, 10)
	for name, err := range map[string]error{
		"Apply":     s.Apply(ctx, SetEvent(m, 1, "v", "a"), start, state.MarkLater),
		"MarkSeen":  s.MarkSeen(ctx, m, 1),
		"Doubt":     s.Doubt(ctx, m, start, state.FromWebhook),
		"Announce":  s.Announce(ctx, m, start, start),
		"Merge":     s.Merge(ctx, m, msgext.Snapshot{Number: 1, Latest: 1}),
		"Load":      loadErr,
		"Due":       dueErr,
		"SaveCheck": s.SaveCheck(ctx, m, state.Outcome{}),
		"Drop":      dropErr,
		"Sweep":     s.Sweep(ctx, m, 1),
		"Erase":     eraseErr,
		"Forget":    s.Forget(ctx, m),
		"Each":      eachErr,
		"Count":     countErr,
	} {
		assert.ErrorIs(t, err, context.Canceled, name)
	}
	_, err := s.Load(t.Context(), m)
	require.ErrorIs(t, err, state.ErrNotFound)
}
