package msgext

import (
	"cmp"
	"slices"
	"strings"
)

// Snapshot is a message's extensions as read from Chat: the truth as of Latest, and the position of
// this read among the message's reads.
//
// A reader loads the message before it asks for the first page. It notes the number of the newest
// merged read (After) and chooses a greater one for its own: the Unix milliseconds at which it
// began, or After+1 if that is more. State.Merge accepts a read only if the read noted in After is
// still the newest. So merged reads of one message never overlap, and a greater Number is a later
// read whatever the readers' clocks say.
type Snapshot struct {
	Number    int64      `json:"number"`          // position among the reads; greater than After
	After     int64      `json:"after,omitempty"` // Number of the read before this one, 0 for none
	Latest    int64      `json:"latest"`          // the read's LatestSeq
	Clear     int64      `json:"clear"`           // the read's ClearSeq, 0 when never cleared
	KeyValues []KeyValue `json:"key_values"`      // every key present, none with a Seq above Latest
	Newer     []KeyValue `json:"newer,omitempty"` // key-values above Latest
	Ahead     int64      `json:"ahead,omitempty"` // the greatest LatestSeq seen, else 0
}

// Same reports whether two reads have the same content: equal LatestSeq, ClearSeq and key-values.
func (s Snapshot) Same(other Snapshot) bool {
	return s.Latest == other.Latest && s.Clear == other.Clear && slices.Equal(sorted(s.KeyValues), sorted(other.KeyValues))
}

// Reply returns the snapshot in the shape of Chat's own read, sorted by Seq, then Key.
func (s Snapshot) Reply() ReadReply {
	return NewReadReply(s.Latest, s.Clear, sorted(s.KeyValues))
}

// sorted returns a sorted copy. It sorts positions instead of the key-values themselves, because
// moving strings costs a write barrier each while the garbage collector runs.
func sorted(keyValues []KeyValue) []KeyValue {
	type place struct {
		seq int64
		at  int
	}
	places := make([]place, len(keyValues))
	for i, kv := range keyValues {
		places[i] = place{kv.Seq, i}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.seq != b.seq {
			return cmp.Compare(a.seq, b.seq)
		}
		return strings.Compare(keyValues[a.at].Key, keyValues[b.at].Key)
	})
	copied := make([]KeyValue, len(keyValues))
	for i, p := range places {
		copied[i] = keyValues[p.at]
	}
	return copied
}
