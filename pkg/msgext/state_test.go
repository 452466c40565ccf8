package msgext_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
)

func TestState_SweepKeepsTheTombstoneThatHidesAKeyOfTheRead(t *testing.T) {
	set := msgext.Event{Message: poll, Operation: msgext.Set, Seq: 1, KeyValues: []msgext.KeyValue{{Key: "a", Value: "1", Seq: 1}}}
	deleted := msgext.Event{Message: poll, Operation: msgext.Delete, Seq: 2, KeyValues: []msgext.KeyValue{{Key: "a", Seq: 2}, {Key: "b", Seq: 2}}}
	var s msgext.State
	merge(&s, msgexttest.Truth([]msgext.Event{set}))
	handle(&s, deleted)
	s.Sweep()
	assert.Empty(t, s.Visible())
	assert.Equal(t, map[string]msgext.Entry{"a": {Seq: 2, Deleted: true}}, s.Entries)
}

func TestState_DropToNothingLeavesAGapToo(t *testing.T) {
	var s msgext.State
	handle(&s, msgexttest.Forge(rand.New(rand.NewPCG(1, 1)), poll, 7))
	merge(&s, msgext.Snapshot{}) // Chat knows of no extension
	s.Drop(0)
	assert.Empty(t, s.Visible())
	assert.Zero(t, s.Latest)
	assert.True(t, s.Gap())
	s.RaiseFloor(0)
	assert.False(t, s.Gap())
}

func TestState_ClearBeatsOlderSetsAndLosesToNewerOnes(t *testing.T) {
	set := func(seq int64) msgext.Event {
		return msgext.Event{Message: poll, Operation: msgext.Set, Seq: seq, KeyValues: []msgext.KeyValue{{Key: "a", Value: "1", Seq: seq}}}
	}
	clearing := msgext.Event{Message: poll, Operation: msgext.Clear, Seq: 5}
	for _, test := range []struct {
		name   string
		events []msgext.Event
		want   int
	}{
		{"older set, then clear", []msgext.Event{set(4), clearing}, 0},
		{"clear, then older set", []msgext.Event{clearing, set(4)}, 0},
		{"clear, then newer set", []msgext.Event{clearing, set(6)}, 1},
		{"newer set, then clear", []msgext.Event{set(6), clearing}, 1},
		{"set of the same version, then clear", []msgext.Event{set(5), clearing}, 0},
		{"clear, then set of the same version", []msgext.Event{clearing, set(5)}, 0},
	} {
		var s msgext.State
		handle(&s, test.events...)
		assert.Len(t, s.Visible(), test.want, test.name)
		assert.EqualValues(t, 5, s.ClearSeq(), test.name)
	}
}

func TestState_DeleteThenOlderSetStaysDeleted(t *testing.T) {
	var s msgext.State
	handle(&s,
		msgext.Event{Message: poll, Operation: msgext.Delete, Seq: 2, KeyValues: []msgext.KeyValue{{Key: "a", Seq: 2}}},
		msgext.Event{Message: poll, Operation: msgext.Set, Seq: 1, KeyValues: []msgext.KeyValue{{Key: "a", Value: "1", Seq: 1}}})
	assert.Empty(t, s.Visible())
}

func TestState_AKeyValueAboveTheOuterSeqCannotHide(t *testing.T) {
	var s msgext.State
	s.Apply(msgext.Event{Message: poll, Operation: msgext.Set, Seq: 1, KeyValues: []msgext.KeyValue{{Key: "a", Value: "forged", Seq: 99}}})
	assert.EqualValues(t, 99, s.Latest)
	assert.True(t, s.Gap())
}

func TestState_EncodesAndDecodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		var s msgext.State
		handle(&s, msgexttest.Shuffle(random, events)...)
		merge(&s, msgexttest.Truth(events[:random.IntN(len(events)+1)]))
		encoded, err := json.Marshal(s)
		require.NoError(t, err)
		var decoded msgext.State
		require.NoError(t, json.Unmarshal(encoded, &decoded))
		require.Equal(t, normal(s), normal(decoded))
	})
}
