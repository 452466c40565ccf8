package consumer_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

// mistaken is the right way with one mistake: it changes an event before it is processed, or the
// View after it.
type mistaken struct {
	right
	before func(m *mistaken, e *event) (skip bool)
	after  func(m *mistaken, e event)
	ids    map[string]bool
}

func (m *mistaken) take(e event) {
	if m.before != nil && m.before(m, &e) {
		return
	}
	m.right.take(e)
	if m.after != nil {
		m.after(m, e)
	}
}

func ofRead(set func(e *event)) func(*mistaken, *event) bool {
	return func(_ *mistaken, e *event) bool {
		if e.truth != nil {
			truth := *e.truth
			e.truth = &truth
			set(e)
		}
		return false
	}
}

// forget removes rows from a View.
func (m *mistaken) forget(doomed func(key string, r consumer.Row) bool) {
	for key, rows := range m.Log {
		rows = slices.DeleteFunc(slices.Clone(rows), func(r consumer.Row) bool { return doomed(key, r) })
		if m.Log[key] = rows; len(rows) == 0 {
			delete(m.Log, key)
		}
	}
}

type mistake struct {
	name   string
	before func(*mistaken, *event) bool
	after  func(*mistaken, event)
}

func (m mistake) one() believer { return &mistaken{before: m.before, after: m.after} }

// The mistakes that a consumer can make. The laws must detect each of them.
var consumersMistakes = []mistake{
	{name: "DroppedSeq wipes what was heard", after: func(m *mistaken, e event) {
		if e.truth != nil && e.truth.DroppedSeq > 0 {
			m.forget(func(_ string, r consumer.Row) bool { return r.Seq > e.truth.LatestSeq && r.Seq <= e.truth.DroppedSeq })
		}
	}},
	{name: "the last read to arrive is the base", before: ofRead(func(e *event) { e.truth.ReadNumber = int64(e.arrived) })},
	{name: "the read of the greatest LatestSeq is the base", before: ofRead(func(e *event) { e.truth.ReadNumber = e.truth.LatestSeq })},
	{name: "tombstones are not kept", after: func(m *mistaken, e event) {
		if e.change == nil || e.change.Operation != msgext.Delete {
			return
		}
		for key, entry := range e.change.Entries {
			m.forget(func(k string, r consumer.Row) bool { return k == key && r.Seq <= entry.Seq })
			m.Base.KeyValues = slices.DeleteFunc(slices.Clone(m.Base.KeyValues), func(kv msgext.KeyValue) bool {
				return kv.Key == key && kv.Seq <= entry.Seq
			})
		}
	}},
	{name: "clears are not kept", after: func(m *mistaken, e event) {
		if e.change != nil && e.change.Operation == msgext.Clear {
			m.forget(func(_ string, r consumer.Row) bool { return r.Seq <= e.change.Seq })
			m.Base.KeyValues = slices.DeleteFunc(slices.Clone(m.Base.KeyValues), func(kv msgext.KeyValue) bool { return kv.Seq <= e.change.Seq })
		}
	}},
	{name: "clears are ignored", before: func(_ *mistaken, e *event) bool { return e.change != nil && e.change.Operation == msgext.Clear }},
	{name: "the last LatestSeq counts", after: func(m *mistaken, e event) {
		if e.truth != nil {
			m.Line = e.truth.LatestSeq
		}
	}},
	{name: "the last DecidedBefore counts", after: func(m *mistaken, e event) {
		if e.truth != nil {
			m.Decided = e.truth.DecidedBefore
		}
	}},
	{name: "EventTime for received", before: func(_ *mistaken, e *event) bool { e.received = e.eventTime; return false }},
	{name: "DecidedBefore is ignored", before: ofRead(func(e *event) { e.truth.DecidedBefore = 0 })},
	{name: "ids without a digest deduplicate", before: func(m *mistaken, e *event) bool {
		if e.change == nil {
			return false
		}
		id := fmt.Sprint(e.change.Operation, e.change.Version())
		if m.ids == nil {
			m.ids = map[string]bool{}
		}
		seen := m.ids[id]
		m.ids[id] = true
		return seen
	}},
	{name: "one row a key", after: func(m *mistaken, _ event) {
		for key, rows := range m.Log {
			m.Log[key] = []consumer.Row{slices.MaxFunc(rows, func(a, b consumer.Row) int { return int(a.Seq - b.Seq) })}
		}
	}},
}

func TestView_LawsCatchAConsumersMistakes(t *testing.T) {
	for _, mistake := range consumersMistakes {
		t.Run(mistake.name, func(t *testing.T) {
			requireCaught(t, careful, mistake.one)
		})
	}
}

func TestView_LawsCatchAProducersMistakes(t *testing.T) {
	tests := []struct {
		name string
		faults
	}{
		{"no margin", faults{margin: 0}},
		{"a margin of clock error and lag", faults{margin: 3_000}},
		{"decided from the time of telling", faults{margin: -1, toldDecides: true}},
		{"clocks five minutes off, not clamped", faults{margin: -1, unclamped: true}},
		{"a stale read is believed at once", faults{margin: -1, believes: true}},
		{"numbered by clocks alone", faults{margin: -1, overtaken: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { requireCaught(t, test.faults, func() believer { return new(right) }) })
	}
}

var table = flag.Bool("table", false, "count all histories that a mistake breaks, instead of stopping at the first")

// requireCaught fails unless a mistake breaks T1 or T2.
func requireCaught(t *testing.T, f faults, one func() believer) {
	t.Helper()
	var first, second, met int
	for seed := range *histories {
		if !historyT1(seed, f).holds(one()) {
			first++
		}
		if history, ok := historyT2(seed, f); ok {
			met++
			if !history.holds(one()) {
				second++
			}
		}
		if first+second > 0 && !*table {
			t.Logf("caught by history %d", seed)
			return
		}
	}
	t.Logf("T1 broken by %d of %d histories, T2 by %d of %d", first, *histories, second, met)
	require.NotZero(t, first+second)
}
