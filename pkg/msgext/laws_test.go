package msgext_test

import (
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
