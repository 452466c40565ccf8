package consumertest

import (
	"encoding/json"
	"slices"
	"strings"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// Naive is a consumer as somebody writes it in five minutes, with a mistake. It shows a list of
// key-values for each partition key.
type Naive struct {
	Name string

	// NoSequence takes what arrives last; NoTombstones forgets that a key was deleted.
	NoSequence, NoTombstones bool

	messages map[string]*naiveMessage
}

type naiveMessage struct {
	latest, clear int64
	entries       map[string]naiveEntry
}

type naiveEntry struct {
	seq     int64
	value   string
	deleted bool
}

// Naives returns the wrong consumers that docs/consumers.md describes.
func Naives() []*Naive {
	return []*Naive{
		{Name: "what arrives last counts", NoSequence: true},
		{Name: "what has a lesser sequence is dropped"},
		{Name: "versions by key, without tombstones", NoTombstones: true},
	}
}

// Take handles an event.
func (n *Naive) Take(line []byte) error {
	event, err := cloudevent.Decode(line)
	if err != nil {
		return err
	}
	if n.messages == nil {
		n.messages = make(map[string]*naiveMessage)
	}
	m := n.messages[event.PartitionKey()]
	if m == nil {
		m = &naiveMessage{entries: make(map[string]naiveEntry)}
		n.messages[event.PartitionKey()] = m
	}
	if _, truth, err := event.Truth(); err == nil {
		if !n.NoSequence && truth.LatestSeq < m.latest {
			return nil
		}
		m.latest, m.clear = truth.LatestSeq, truth.ClearSeq
		clear(m.entries)
		for _, kv := range truth.ExtensionList {
			m.entries[kv.Key] = naiveEntry{kv.Seq, kv.Value, false}
		}
		return nil
	}
	change, err := event.Change()
	if err != nil {
		return err
	}
	byKey := n.NoTombstones
	if !n.NoSequence && !byKey && change.Version() < m.latest {
		return nil
	}
	m.latest = max(m.latest, change.Version())
	if change.Operation == msgext.Clear {
		for key, entry := range m.entries {
			if !byKey || entry.seq <= change.Seq {
				delete(m.entries, key)
			}
		}
		return nil
	}
	for key, entry := range change.Entries {
		if byKey && entry.Seq < m.entries[key].seq {
			continue
		}
		if entry.Deleted {
			delete(m.entries, key)
			continue
		}
		m.entries[key] = naiveEntry{entry.Seq, entry.Value, false}
	}
	return nil
}

// Shows returns the consumer's key-values by partition key.
func (n *Naive) Shows() map[string][]msgext.KeyValue {
	shown := make(map[string][]msgext.KeyValue)
	for key, m := range n.messages {
		shown[key] = []msgext.KeyValue{}
		for name, entry := range m.entries {
			shown[key] = append(shown[key], msgext.KeyValue{Key: name, Value: entry.value, Seq: entry.seq})
		}
	}
	return Sorted(shown)
}

// Sorted sorts each list by Seq, then by Key, and leaves out messages without key-values. A nil list
// stays: the key-values of that message are not known.
func Sorted(shown map[string][]msgext.KeyValue) map[string][]msgext.KeyValue {
	for key, list := range shown {
		if list != nil && len(list) == 0 {
			delete(shown, key)
			continue
		}
		slices.SortFunc(list, func(a, b msgext.KeyValue) int {
			if a.Seq != b.Seq {
				return int(a.Seq - b.Seq)
			}
			return strings.Compare(a.Key, b.Key)
		})
	}
	return shown
}

// Shown parses a consumer's answer: an object of lists by partition key, null for a message whose
// key-values are not known.
func Shown(body []byte) (map[string][]msgext.KeyValue, error) {
	var shown map[string][]msgext.KeyValue
	err := json.Unmarshal(body, &shown)
	return Sorted(shown), err
}
