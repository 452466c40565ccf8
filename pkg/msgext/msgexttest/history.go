// Package msgexttest makes histories of a message as Chat would produce them. It computes the
// resulting truth in the simplest way: one map, changed in order.
//
// It is for tests of packages that keep state. Its API is v0: it may change with any release.
package msgexttest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"msgext/pkg/msgext"
)

// History returns the events of n changes of a message, with versions 1 to n. A few keys are set
// and deleted over and over, several under one version; now and then all are cleared.
func History(random *rand.Rand, message msgext.Message, n int) []msgext.Event {
	events := make([]msgext.Event, n)
	for i := range events {
		events[i] = change(random, message, int64(i+1))
	}
	return events
}

func change(random *rand.Rand, message msgext.Message, version int64) msgext.Event {
	event := msgext.Event{Message: message, Operation: msgext.Set, Seq: version}
	switch random.IntN(10) {
	case 0:
		event.Operation = msgext.Clear
		return event
	case 1, 2, 3:
		event.Operation = msgext.Delete
	}
	for _, k := range random.Perm(6)[:1+random.IntN(3)] {
		kv := msgext.KeyValue{Key: fmt.Sprint("key", k), Seq: version}
		if event.Operation == msgext.Set {
			kv.Value = fmt.Sprint("value", random.IntN(4))
		}
		event.KeyValues = append(event.KeyValues, kv)
	}
	return event
}

// Forge returns an event that Chat never sent, at a version of the forger's choice.
func Forge(random *rand.Rand, message msgext.Message, version int64) msgext.Event {
	event := change(random, message, version)
	for i := range event.KeyValues {
		if event.Operation == msgext.Set {
			event.KeyValues[i].Value = "forged"
		}
	}
	return event
}

// Truth returns what a read of Chat gives after a history: its first versions, in order.
func Truth(history []msgext.Event) msgext.Snapshot {
	var read msgext.Snapshot
	present := make(map[string]msgext.KeyValue)
	for _, event := range history {
		read.Latest = event.Version()
		switch event.Operation {
		case msgext.Set:
			for _, kv := range event.KeyValues {
				present[kv.Key] = kv
			}
		case msgext.Delete:
			for _, kv := range event.KeyValues {
				delete(present, kv.Key)
			}
		case msgext.Clear:
			clear(present)
			read.Clear = event.Seq
		}
	}
	read.KeyValues = slices.Collect(maps.Values(present))
	read.KeyValues = read.Reply().ExtensionList // in the order of a read
	return read
}

// Fallen returns what a read gives if Chat computes LatestSeq as the greatest Seq among the
// remaining key-values, as one of the vendor's pages describes it. Deleting the newest key then
// lowers LatestSeq.
func Fallen(read msgext.Snapshot) msgext.Snapshot {
	read.Latest = read.Clear
	for _, kv := range read.KeyValues {
		read.Latest = max(read.Latest, kv.Seq)
	}
	return read
}

// Shuffle returns events in another order, each at least once and some twice.
func Shuffle(random *rand.Rand, events []msgext.Event) []msgext.Event {
	shuffled := slices.Clone(events)
	for _, event := range events {
		if random.IntN(4) == 0 {
			shuffled = append(shuffled, event)
		}
	}
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return shuffled
}
