package dynamostate

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Sweep implements state.Store. What goes is worked out here, by the one rule. It goes in
// transactions that hold only if neither the message nor what was read of it has changed: a read
// that comes meanwhile may bring a key that only a tombstone hides.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	path := message.Path()
	h, record, err := s.load(ctx, path)
	if errors.Is(err, state.ErrNotFound) {
		return err
	}
	if err != nil || record.Check.Revision != revision {
		return failed(ctx, "sweep", err)
	}
	unchanged := []types.TransactWriteItem{
		s.check(path, headItem, "revision", h.item["revision"]),
		s.check(path, readItem, "number", readNumber(record)),
	}
	swept := record.State.Clone()
	swept.Sweep()
	var garbage []types.TransactWriteItem
	for key, entry := range record.State.Entries {
		if _, kept := swept.Entries[key]; !kept {
			garbage = append(garbage, s.deleting(path, deletion{keyItem(key), "seq", number(entry.Seq)}))
		}
	}
	for some := range slices.Chunk(garbage, mostTransacted-len(unchanged)) {
		ok, err := s.transact(ctx, slices.Concat(unchanged, some))
		if err != nil || !ok {
			return failed(ctx, "sweep", err)
		}
	}
	return nil
}

// readNumber is the attribute number of the read that stands, nil for none: one that version 1
// wrote has none.
func readNumber(record state.Record) types.AttributeValue {
	if n := record.State.ReadNumber(); n != 0 {
		return number(n)
	}
	return nil
}
