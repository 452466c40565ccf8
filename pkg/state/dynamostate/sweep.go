package dynamostate

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Sweep implements state.Store. msgext.State.Sweep decides here what is removed. The removal runs
// in transactions, on condition that neither the message nor its read has changed: a read that is
// merged in the meantime may bring a key that only a tombstone hides.
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

// readNumber returns the attribute number of the stored read, nil if there is none. A read that
// version 1 wrote has none either.
func readNumber(record state.Record) types.AttributeValue {
	if n := record.State.ReadNumber(); n != 0 {
		return number(n)
	}
	return nil
}
