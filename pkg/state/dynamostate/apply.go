package dynamostate

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Apply implements state.Store. It writes the head, then the keys, and then the mark if the event
// is to be marked now.
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, when state.Mark) error {
	path := event.Message.Path()
	h, err := s.change(ctx, path, s.recent.of(path, head{}), hear(event, path, heard))
	if err != nil {
		return failed(ctx, "apply", err)
	}
	s.recent.note(path, h)
	written, err := s.put(ctx, path, entriesOf(event))
	if err != nil {
		return failed(ctx, "apply", err)
	}
	if when == state.MarkNow && (written || !h.has(event.Version())) {
		err = s.mark(ctx, path, s.recent.of(path, h), event.Version())
	}
	return failed(ctx, "apply", err)
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	path := message.Path()
	return failed(ctx, "mark as seen", s.mark(ctx, path, s.recent.of(path, ordinarily(version)), version))
}

// Doubt implements state.Store, in one write.
func (s *Store) Doubt(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error {
	path := message.Path()
	_, err := s.change(ctx, path, head{}, doubt(path, state.Milliseconds(at), source))
	return failed(ctx, "doubt", err)
}

// Announce implements state.Store, in one write for an unknown message.
func (s *Store) Announce(ctx context.Context, message msgext.Message, at, due time.Time) error {
	path := message.Path()
	_, err := s.change(ctx, path, head{}, func(h head) (*expression, error) {
		after := h.record
		after.Announce(at, due)
		return h.becoming(path, after), nil
	})
	return failed(ctx, "announce", err)
}

// keyEntry is what is known of one key.
type keyEntry struct {
	key string
	msgext.Entry
}

func entriesOf(event msgext.Event) []keyEntry {
	entries := make([]keyEntry, 0, len(event.KeyValues))
	for key, entry := range event.Entries {
		entries = append(entries, keyEntry{key, entry})
	}
	return entries
}

// put writes each entry unless the stored one is at least as great, and reports whether it wrote
// any. An entry that is too large does not stop the others.
func (s *Store) put(ctx context.Context, path string, entries []keyEntry) (written bool, err error) {
	var wrote atomic.Bool
	err = parallel(len(entries), func(i int) error {
		entry := entries[i]
		if size := entry.bytes(path); size > maxItemBytes {
			return fmt.Errorf("%w: a key-value of %d bytes, the limit is %d", ErrTooLarge, size, maxItemBytes)
		}
		_, ok, err := s.write(ctx, address(path, keyItem(entry.key)), entry.replacing())
		if ok {
			wrote.Store(true)
		}
		return err
	})
	return wrote.Load(), err
}

// bytes returns the size of the entry's item, accurate to a few bytes
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html, read
// 2026-11).
func (k keyEntry) bytes(path string) int {
	const namesAndNumbers = len("pk"+"sk"+"key"+"seq"+"deleted"+"value") + 24
	return len(partition(path)) + len(keyItem("")) + len(k.key) + len(k.Value) + namesAndNumbers
}

// replacing returns msgext.Entry.Before as a condition: a stored entry is replaced by a greater
// one. DynamoDB compares strings by their UTF-8 bytes
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html,
// read 2026-11).
func (k keyEntry) replacing() *expression {
	e := &expression{create: true}
	deleted := int64(0)
	if k.Deleted {
		deleted = 1
	}
	e.set("key", text(k.key))
	e.set("seq", number(k.Seq))
	e.set("deleted", number(deleted))
	e.set("value", text(k.Value))
	e.when("#seq < :seq OR #seq = :seq AND (#deleted < :deleted OR #deleted = :deleted AND #value < :value)")
	return e
}
