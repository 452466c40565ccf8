package dynamostate

import (
	"context"
	"fmt"
	"time"

	"msgext/pkg/msgext"
)

// Apply implements state.Store: the head, then the keys, then, if seen, the mark.
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, seen bool) error {
	path := event.Message.Path()
	head, err := s.change(ctx, path, head{}, hear(event, path, heard, seen))
	if err != nil {
		return failed(ctx, "apply", err)
	}
	if err := s.put(ctx, path, entriesOf(event)); err != nil {
		return failed(ctx, "apply", err)
	}
	if seen {
		_, err = s.change(ctx, path, head, mark(path, event.Version()))
	}
	return failed(ctx, "apply", err)
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	path := message.Path()
	_, err := s.change(ctx, path, ordinarily(version), mark(path, version))
	return failed(ctx, "mark as seen", err)
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

// put writes entries, each unless what stands is at least as great. One that is too large does not
// keep the others out.
func (s *Store) put(ctx context.Context, path string, entries []keyEntry) error {
	return parallel(len(entries), func(i int) error {
		entry := entries[i]
		if size := entry.bytes(path); size > maxItemBytes {
			return fmt.Errorf("%w: a key-value of %d bytes, the limit is %d", ErrTooLarge, size, maxItemBytes)
		}
		_, _, err := s.write(ctx, address(path, keyItem(entry.key)), entry.replacing())
		return err
	})
}

// bytes is the size of the entry's item, give or take a few bytes
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html, read 2026-11).
func (k keyEntry) bytes(path string) int {
	const namesAndNumbers = len("pk"+"sk"+"key"+"seq"+"deleted"+"value") + 24
	return len(partition(path)) + len(keyItem("")) + len(k.key) + len(k.Value) + namesAndNumbers
}

// replacing is msgext.Entry.Before as a condition: what stands is replaced by what is greater. Strings are
// compared by the bytes of their UTF-8
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html, read 2026-11).
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
