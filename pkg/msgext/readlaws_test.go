package msgext_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
)

// merge takes in a read that follows the newest one.
func merge(s *msgext.State, read msgext.Snapshot) bool {
	read.After = s.ReadNumber()
	read.Number = read.After + 1
	return s.Merge(read)
}

func TestLaw_AReadOutranksWhateverWasHeardUpToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		truth := msgexttest.Truth(events)
		var s msgext.State
		for _, event := range msgexttest.Shuffle(random, events) {
			if random.IntN(2) == 0 {
				handle(&s, event)
			}
			if random.IntN(4) == 0 {
				handle(&s, msgexttest.Forge(random, poll, 1+random.Int64N(int64(len(events)))))
			}
		}
		merge(&s, truth)
		require.Equal(t, truth.Reply(), s.Reply())
		handle(&s, msgexttest.Shuffle(random, events)...)
		for range 5 {
			handle(&s, msgexttest.Forge(random, poll, 1+random.Int64N(truth.Latest)), msgexttest.Forge(random, poll, truth.Latest))
			require.Equal(t, truth.Reply(), s.Reply(), "late, doubled or forged")
		}
	})
}

func TestLaw_TwoReadsAndTheEventsBetweenGiveTheNewerReadPlusWhatIsNewer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		newerAt := random.IntN(len(events) + 1)
		older, newer := msgexttest.Truth(events[:random.IntN(newerAt+1)]), msgexttest.Truth(events[:newerAt])
		var steps []func(*msgext.State)
		for _, event := range msgexttest.Shuffle(random, events) {
			// An event that the newer read covers may be lost.
			if event.Version() > newer.Latest || random.IntN(2) == 0 {
				steps = append(steps, func(s *msgext.State) { handle(s, event) })
			}
		}
		at := random.IntN(len(steps) + 1)
		steps = slices.Insert(steps, at, func(s *msgext.State) { merge(s, newer) })
		steps = slices.Insert(steps, random.IntN(at+1), func(s *msgext.State) { merge(s, older) })
		var s msgext.State
		for _, step := range steps {
			step(&s)
		}
		require.Equal(t, msgexttest.Truth(events).Reply(), s.Reply())
	})
}

func TestLaw_AReadThatKeptMovingAddsWhatItSawAboveItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		at := random.IntN(len(events))
		read := msgexttest.Truth(events[:at])
		for key, entry := range events[at].Entries {
			if !entry.Deleted {
				read.Newer = append(read.Newer, msgext.KeyValue{Key: key, Value: entry.Value, Seq: entry.Seq})
			}
		}
		read.Ahead = events[at].Version()
		var s msgext.State
		merge(&s, read)
		assert.Equal(t, read.Ahead, s.Latest)
		for _, kv := range read.Newer {
			assert.Contains(t, s.Visible(), kv)
		}
		s.RaiseFloor(read.Latest)
		assert.True(t, s.Gap(), "what moved must be read again")
	})
}

func TestLaw_OfReadsThatBeganAtOnceOneIsTakenAndItMayBeRepeated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		var s msgext.State
		handle(&s, events[:random.IntN(len(events)+1)]...)
		for range random.IntN(3) {
			merge(&s, msgexttest.Truth(events[:random.IntN(len(events)+1)]))
		}
		after := s.ReadNumber()
		first, second := msgexttest.Truth(events), msgexttest.Truth(events[:len(events)-1])
		first.After, second.After = after, after
		first.Number, second.Number = after+1+random.Int64N(3), after+1+random.Int64N(3)
		require.True(t, s.Merge(first))
		stands := s.Clone()
		require.False(t, s.Merge(second), "whatever their numbers and versions")
		require.Equal(t, stands, s)
		require.True(t, s.Merge(first), "its reader did not hear that it was taken")
		require.Equal(t, stands, s)
		second.Number = after
		require.False(t, s.Merge(second))
	})
}

func TestLaw_TheNewestReadWinsAlsoWhereLatestSeqFell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		var s msgext.State
		merge(&s, msgexttest.Truth(events[:random.IntN(len(events)+1)]))
		for _, event := range msgexttest.Shuffle(random, events) {
			if random.IntN(2) == 0 {
				handle(&s, event)
			}
		}
		truth := msgexttest.Fallen(msgexttest.Truth(events))
		merge(&s, truth)
		line := s.Read()
		handle(&s, msgexttest.Shuffle(random, events[:line])...)
		s.Drop(truth.Latest)
		require.Equal(t, truth.Reply(), s.Reply())
	})
}

func TestState_AFallenReadKeepsWhatEarlierOnesDecided(t *testing.T) {
	set := func(seq int64, keys ...string) msgext.Event {
		e := msgext.Event{Message: poll, Operation: msgext.Set, Seq: seq}
		for _, key := range keys {
			e.KeyValues = append(e.KeyValues, msgext.KeyValue{Key: key, Value: "1", Seq: seq})
		}
		return e
	}
	var s msgext.State
	merge(&s, msgexttest.Truth([]msgext.Event{set(1, "a"), set(9, "b")}))
	merge(&s, msgexttest.Truth([]msgext.Event{set(1, "a")}))
	assert.EqualValues(t, 9, s.Read())
	handle(&s, set(8, "late"), set(9, "b"))
	assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: "1", Seq: 1}}, s.Visible())
	handle(&s, msgext.Event{Message: poll, Operation: msgext.Clear, Seq: 9})
	assert.Len(t, s.Visible(), 1)
	assert.Zero(t, s.ClearSeq())
	handle(&s, set(10, "c"))
	assert.Len(t, s.Visible(), 2)
	s.Drop(1)
	assert.EqualValues(t, 1, s.Read(), "what was dropped decided no more")
	handle(&s, set(8, "c"))
	assert.Len(t, s.Visible(), 2)
}
