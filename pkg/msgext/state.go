package msgext

import "slices"

// Entry is what webhooks said of one key. Of several entries the greatest is kept, see Before.
type Entry struct {
	Seq     int64  `json:"seq"`
	Deleted bool   `json:"deleted,omitempty"` // a tombstone; Value is empty
	Value   string `json:"value,omitempty"`
}

// Before reports whether other replaces e. The greater Seq wins, then a delete over a set, then the
// greater value by its bytes. Only the first rule is the vendor's. The others make the order total,
// so that two webhooks with the same version give the same state in either order.
func (e Entry) Before(other Entry) bool {
	if e.Seq != other.Seq {
		return e.Seq < other.Seq
	}
	if e.Deleted != other.Deleted {
		return other.Deleted
	}
	return e.Value < other.Value
}

// State is all that is kept of one message: what was last read from Chat (Base) and what webhooks
// have said since (Entries, Clear). Every part is a maximum or a union. So Apply, MarkSeen and
// RaiseFloor are commutative, associative and idempotent, with each other and with Merge, and an
// event that was applied in part may be applied again. Only reads have an order, that of their
// numbers, which Merge enforces. The zero value is an unknown message.
//
// The law: if there is no gap, Visible is the truth as of Latest.
//
// A State is not safe for concurrent use.
type State struct {
	Progress
	Clear   int64            `json:"clear"` // greatest version of a clear heard, 0 for none
	Entries map[string]Entry `json:"entries,omitempty"`
	Base    *Snapshot        `json:"base,omitempty"` // the newest read, by its number; nil before the first
	Line    int64            `json:"line,omitempty"` // greatest Latest of any read since the last Drop, see Read
}

// Entries returns the entry of each key of the event, none for a clear.
func (e Event) Entries(yield func(key string, entry Entry) bool) {
	for _, kv := range e.KeyValues {
		entry := Entry{Seq: kv.Seq, Value: kv.Value}
		if e.Operation == Delete {
			entry = Entry{Seq: kv.Seq, Deleted: true}
		}
		if !yield(kv.Key, entry) {
			return
		}
	}
}

// Apply takes in one event. It does not mark the event's version as seen. MarkSeen does that, after
// everything configured has accepted the event.
func (s *State) Apply(e Event) {
	s.Hear(e.Latest())
	if e.Operation == Clear {
		s.Clear = max(s.Clear, e.Seq)
		return
	}
	for key, entry := range e.Entries {
		s.put(key, entry)
	}
}

func (s *State) put(key string, entry Entry) {
	if have, ok := s.Entries[key]; ok && !have.Before(entry) {
		return
	}
	if s.Entries == nil {
		s.Entries = make(map[string]Entry)
	}
	s.Entries[key] = entry
}

// Merge takes in a read, unless another was merged since it began, and reports whether it did. The
// newest read replaces Base completely, even if its Latest is lower than an earlier one's: Chat's
// LatestSeq may fall when the newest key is deleted. Key-values above Latest, which a read saw
// while the message kept changing, are taken in like those of webhooks. A read that is already
// stored is accepted again, because the caller may retry. A read whose Number is not above its
// After is never new.
//
// Merge does not raise the floor. RaiseFloor does that, after every sink has what the read changed.
func (s *State) Merge(read Snapshot) bool {
	again := s.Base != nil && s.Base.Number == read.Number && s.Base.Same(read)
	if !again && (s.ReadNumber() != read.After || read.Number <= read.After) {
		return false
	}
	s.Hear(max(read.Latest, read.Ahead))
	s.Line = max(s.Line, read.Latest)
	for _, kv := range read.Newer {
		s.Hear(kv.Seq)
		s.put(kv.Key, Entry{Seq: kv.Seq, Value: kv.Value})
	}
	read.After, read.Newer, read.Ahead = 0, nil, 0
	read.KeyValues = sorted(read.KeyValues)
	s.Base = &read
	return true
}

// ReadNumber returns the number of the newest merged read, 0 before the first. It is the After of
// the next read.
func (s State) ReadNumber() int64 {
	if s.Base == nil {
		return 0
	}
	return s.Base.Number
}

// Read returns the version up to which reads decide, whatever webhooks say; 0 before the first
// read. It is the greatest Latest of any read since the last Drop, and never below Base's Latest.
func (s State) Read() int64 {
	if s.Base == nil {
		return s.Line
	}
	return max(s.Line, s.Base.Latest)
}

// ClearSeq returns the version of the last clear, read or heard since; 0 when there was none.
func (s State) ClearSeq() int64 {
	if s.Base == nil || s.Clear > s.Read() {
		return s.Clear
	}
	return s.Base.Clear
}

// Visible returns the key-values that are present, sorted by Seq, then Key. For a key with an entry
// above Read, the entry decides. For other keys Base decides, unless a later clear was heard.
func (s State) Visible() []KeyValue {
	read := s.Read()
	visible := make([]KeyValue, 0, len(s.Entries))
	for key, entry := range s.Entries {
		if entry.Seq > read && entry.Seq > s.Clear && !entry.Deleted {
			visible = append(visible, KeyValue{Key: key, Value: entry.Value, Seq: entry.Seq})
		}
	}
	if s.Base != nil && s.Clear <= read {
		for _, kv := range s.Base.KeyValues {
			if s.Entries[kv.Key].Seq <= read {
				visible = append(visible, kv)
			}
		}
	}
	return sorted(visible)
}

// Reply returns the visible state in the shape of Chat's own read.
func (s State) Reply() ReadReply {
	return NewReadReply(s.Latest, s.ClearSeq(), s.Visible())
}

// Drop removes what was heard above version: entries, clear, latest and seen versions. It is for
// versions that Chat does not have. It may be called only after a read whose Latest is version was
// merged, so that this read decides everything at or below version. A real event may be dropped
// along with forged ones and must not be lost. So version itself no longer counts as handled, and
// the message has a gap until it is read once more.
func (s *State) Drop(version int64) {
	s.Progress.drop(version)
	s.Line = min(s.Line, version)
	if s.Clear > version {
		s.Clear = 0
	}
	for key, entry := range s.Entries {
		if entry.Seq > version {
			delete(s.Entries, key)
		}
	}
}

// Sweep removes entries that can no longer change anything visible: those at or below the read or
// the last clear, and tombstones. A tombstone that hides a key of Base stays, because without it
// the key would come back. The caller must make sure that the message has been quiet for longer
// than any delivery can be late.
func (s *State) Sweep() {
	old := max(s.Read(), s.Clear)
	var based map[string]bool
	if s.Base != nil && s.Clear <= s.Read() {
		based = make(map[string]bool, len(s.Base.KeyValues))
		for _, kv := range s.Base.KeyValues {
			based[kv.Key] = true
		}
	}
	for key, entry := range s.Entries {
		if entry.Seq <= old || entry.Deleted && !based[key] {
			delete(s.Entries, key)
		}
	}
}

// Clone returns a copy that shares nothing mutable with s.
func (s State) Clone() State {
	c := s
	c.Seen = slices.Clone(s.Seen)
	if s.Entries != nil {
		c.Entries = make(map[string]Entry, len(s.Entries))
		for key, entry := range s.Entries {
			c.Entries[key] = entry
		}
	}
	if s.Base != nil {
		base := *s.Base
		base.KeyValues = slices.Clone(base.KeyValues)
		c.Base = &base
	}
	return c
}
