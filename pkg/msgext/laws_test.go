package msgext_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
)

var poll = msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1", MsgSeq: 10}

// drawn is a history with a source of randomness that rapid can reproduce.
func drawn(t *rapid.T) (*rand.Rand, []msgext.Event) {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	return random, msgexttest.History(random, poll, rapid.IntRange(1, 40).Draw(t, "changes"))
}

// handle applies events and marks their versions as seen.
func handle(s *msgext.State, events ...msgext.Event) {
	for _, event := range events {
		s.Apply(event)
		s.MarkSeen(event.Version())
	}
}

// merge takes in a read that follows the newest one.
func merge(s *msgext.State, read msgext.Snapshot) bool {
	read.After = s.ReadNumber()
	read.Number = read.After + 1
	return s.Merge(read)
}

// normal returns a state without garbage, so that states with the same meaning are equal.
func normal(s msgext.State) msgext.State {
	s = s.Clone()
	for key, entry := range s.Entries {
		if entry.Seq <= max(s.Read(), s.Clear) {
			delete(s.Entries, key)
		}
	}
	if len(s.Entries) == 0 {
		s.Entries = nil
	}
	if len(s.Seen) == 0 {
		s.Seen = nil
	}
	return s
}

func TestLaw_AnyOrderAndDuplicationOfTheSameEventsGivesOneState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		// Forgeries of existing versions too: the order must be total.
		for _, event := range events {
			if random.IntN(2) == 0 {
				events = append(events, msgexttest.Forge(random, poll, event.Version()))
			}
		}
		// Reads stay in their own order, but each may come anywhere among the events.
		var reads []msgext.Snapshot
		for range random.IntN(4) {
			reads = append(reads, msgexttest.Truth(events[:random.IntN(len(events)+1)]))
		}
		interleave := func(events []msgext.Event) (s msgext.State) {
			at := make([]int, len(reads))
			for i := range at {
				at[i] = random.IntN(len(events) + 1)
			}
			slices.Sort(at)
			for i := range len(events) + 1 {
				for len(at) > 0 && at[0] == i {
					require.True(t, merge(&s, reads[len(reads)-len(at)]))
					at = at[1:]
				}
				if i < len(events) {
					handle(&s, events[i])
				}
			}
			return s
		}
		require.Equal(t, normal(interleave(events)), normal(interleave(msgexttest.Shuffle(random, events))))
	})
}

func TestLaw_ApplyIsIdempotentAndPartialApplicationMayBeRepeated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		var once, repeated msgext.State
		for _, event := range events {
			once.Apply(event)
			part := event
			if len(part.KeyValues) > 1 { // a crash after some of the keys
				part.KeyValues = part.KeyValues[:random.IntN(len(part.KeyValues))]
			}
			repeated.Apply(part)
			repeated.Apply(event)
			repeated.Apply(event)
		}
		require.Equal(t, normal(once), normal(repeated))
	})
}

func TestLaw_WhereNoGapShowsTheVisibleStateIsTheTruthAsOfLatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		var s msgext.State
		read := 0
		for _, event := range msgexttest.Shuffle(random, events) {
			if random.IntN(10) > 0 { // else lost
				handle(&s, event)
			}
			// A read of now or of an earlier moment, but no earlier than the last.
			if random.IntN(10) == 0 {
				read += random.IntN(len(events) - read + 1)
				merge(&s, msgexttest.Truth(events[:read]))
			}
			if s.Gap() {
				continue
			}
			truth := msgexttest.Truth(events[:s.Latest])
			require.Equal(t, truth.Reply(), s.Reply())
		}
	})
}

func TestLaw_ALostVersionShowsAsSoonAsALaterOneArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		lost := random.IntN(len(events))
		var s msgext.State
		handle(&s, slices.Delete(slices.Clone(events), lost, lost+1)...)
		last := lost == len(events)-1
		assert.Equal(t, !last, s.Gap(), "a lost last version has nothing after it to betray it")
	})
}

func TestLaw_WhatWasAppliedButNotSeenIsAGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		unseen := random.IntN(len(events))
		var s msgext.State
		for i, event := range events {
			s.Apply(event)
			if i != unseen {
				s.MarkSeen(event.Version())
			}
		}
		require.True(t, s.Gap())
		s.MarkSeen(events[unseen].Version())
		require.False(t, s.Gap())
	})
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

func TestLaw_SweepChangesNothingVisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		var s msgext.State
		swept := 0
		for i, event := range events {
			handle(&s, event)
			// A read of any moment since the last sweep or read: older ones cannot come.
			if random.IntN(5) == 0 {
				swept += random.IntN(i + 2 - swept)
				merge(&s, msgexttest.Truth(events[:swept]))
			}
			before := s.Reply()
			if random.IntN(3) == 0 {
				s.Sweep()
				swept = i + 1
				require.Equal(t, before, s.Reply())
			}
		}
		require.Equal(t, msgexttest.Truth(events).Reply(), s.Reply())
	})
}

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

func TestLaw_DropBringsAForgedStateBackToTheRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random, events := drawn(t)
		truth := msgexttest.Truth(events)
		var s msgext.State
		handle(&s, events...)
		for range 3 {
			handle(&s, msgexttest.Forge(random, poll, truth.Latest+1+random.Int64N(5)))
		}
		merge(&s, truth)
		s.RaiseFloor(s.Contiguous())
		s.Drop(truth.Latest)
		require.Equal(t, truth.Reply(), s.Reply())
		require.Equal(t, truth.Latest, s.Latest)
		require.True(t, s.Gap(), "a real event may have been dropped too: the truth must be read once more")
		s.RaiseFloor(truth.Latest)
		require.False(t, s.Gap(), "which settles it")

		// A real event that comes later shows what is missing below it.
		handle(&s, msgexttest.Forge(random, poll, truth.Latest+2))
		require.True(t, s.Gap())
	})
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

func TestProgress_RemembersABoundedNumberOfVersions(t *testing.T) {
	var p msgext.Progress
	for version := int64(2); version < 3000; version++ {
		p.MarkSeen(version)
	}
	assert.Len(t, p.Seen, msgext.MaxSeen)
	assert.True(t, p.Gap())
	p.MarkSeen(1)
	assert.Equal(t, msgext.Progress{Latest: 2999, Floor: 1 + msgext.MaxSeen, Seen: []int64{}}, p, "what was not remembered is a gap, which a read settles")
}

func TestProgress_TheFloorOnlyRisesAndNothingIsSeenBelowIt(t *testing.T) {
	var p msgext.Progress
	for _, version := range []int64{2, 3, 6, 3} {
		p.MarkSeen(version)
	}
	assert.Equal(t, msgext.Progress{Latest: 6, Seen: []int64{2, 3, 6}}, p)
	p.RaiseFloor(2)
	assert.Equal(t, msgext.Progress{Latest: 6, Floor: 3, Seen: []int64{6}}, p, "over what was seen")
	p.RaiseFloor(1)
	p.MarkSeen(3)
	p.MarkSeen(1)
	assert.Equal(t, msgext.Progress{Latest: 6, Floor: 3, Seen: []int64{6}}, p)
	p.MarkSeen(5)
	p.MarkSeen(4)
	assert.Equal(t, msgext.Progress{Latest: 6, Floor: 6, Seen: []int64{}}, p, "a late mark too")
	p.RaiseFloor(9)
	assert.Equal(t, msgext.Progress{Latest: 9, Floor: 9, Seen: []int64{}}, p)
	p.MarkSeen(math.MaxInt64)
	p.RaiseFloor(math.MaxInt64)
	assert.Equal(t, msgext.Progress{Latest: math.MaxInt64, Floor: math.MaxInt64, Seen: []int64{}}, p)
}

func TestLaw_WhatIsHandledUpToTheFloorIsTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		marks := rapid.SliceOf(rapid.Int64Range(0, 40)).Draw(t, "marks")
		floors := rapid.SliceOf(rapid.Int64Range(0, 40)).Draw(t, "floors")
		shuffled := rapid.Permutation(marks).Draw(t, "shuffled")
		var a, b msgext.Progress
		for _, version := range marks {
			a.MarkSeen(version)
		}
		for _, version := range floors {
			a.RaiseFloor(version)
			b.RaiseFloor(version)
		}
		for i, version := range shuffled {
			b.MarkSeen(version)
			if i == 7 {
				b.MarkSeen(version)
			}
		}
		require.Equal(t, a.Latest, b.Latest)
		require.Equal(t, a.Floor, b.Floor)
		require.True(t, slices.Equal(a.Seen, b.Seen))
		require.Equal(t, a.Floor, a.Contiguous(), "what follows the floor is never kept as seen")
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

func TestMessage_PathNamesOneMessageOnly(t *testing.T) {
	messages := rapid.Custom(func(t *rapid.T) msgext.Message {
		text := rapid.StringN(1, 8, -1)
		m := msgext.Message{SDKAppID: text.Draw(t, "app")}
		if rapid.Bool().Draw(t, "group") {
			m.GroupID, m.MsgSeq = text.Draw(t, "group id"), rapid.Int64Min(0).Draw(t, "seq")
		} else {
			m.From, m.To, m.MsgKey = text.Draw(t, "from"), text.Draw(t, "to"), text.Draw(t, "key")
		}
		return m
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := messages.Draw(t, "a"), messages.Draw(t, "b")
		parsed, err := msgext.ParsePath(a.Path())
		require.NoError(t, err)
		require.Equal(t, a, parsed)
		require.Equal(t, a == b, a.Path() == b.Path())
	})
	for _, path := range []string{"", "1/2", "1/g/x", "1/g/-1", "1//2", "1/2/3/4/5", "%zz/g/1"} {
		_, err := msgext.ParsePath(path)
		assert.ErrorIs(t, err, msgext.ErrPath, path)
	}
}
