package msgext

import (
	"cmp"
	"slices"
	"strings"
)

// Snapshot is a message's extensions as read back from Chat: the truth as of Latest.
type Snapshot struct {
	Latest    int64      `json:"latest"`          // the read's LatestSeq
	Clear     int64      `json:"clear"`           // the read's ClearSeq, 0 when never cleared
	KeyValues []KeyValue `json:"key_values"`      // every key present, none with a Seq above Latest
	Newer     []KeyValue `json:"newer,omitempty"` // key-values above Latest, seen while a read kept moving
	Ahead     int64      `json:"ahead,omitempty"` // the greatest LatestSeq of a read that kept moving, else 0
}

// Reply returns the snapshot in the shape of Chat's own read, sorted by Seq, then Key.
func (s Snapshot) Reply() ReadReply {
	return NewReadReply(s.Latest, s.Clear, sorted(s.KeyValues))
}

func sorted(keyValues []KeyValue) []KeyValue {
	keyValues = slices.Clone(keyValues)
	slices.SortFunc(keyValues, func(a, b KeyValue) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Key, b.Key))
	})
	return keyValues
}
