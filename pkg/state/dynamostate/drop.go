package dynamostate

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Drop implements state.Store, in one transaction with the head, so that it removes nothing that
// came after another drop. If the entries are too many for one transaction, it first writes a head
// with a gap, and then deletes the entries in several transactions.
func (s *Store) Drop(ctx context.Context, message msgext.Message, drop state.Drop) (bool, error) {
	path := message.Path()
	for {
		dropped, done, err := s.drop(ctx, path, drop)
		if errors.Is(err, state.ErrNotFound) {
			return false, err
		}
		if err != nil || done {
			return dropped, failed(ctx, "drop", err)
		}
	}
}

// drop is one try. done is false if the message has changed in the meantime.
func (s *Store) drop(ctx context.Context, path string, drop state.Drop) (dropped, done bool, err error) {
	h, record, err := s.load(ctx, path)
	if err != nil {
		return false, false, err
	}
	after := record.Clone()
	if !after.Drop(drop) {
		return false, true, nil
	}
	var above []types.TransactWriteItem
	for key, entry := range record.State.Entries {
		if _, kept := after.State.Entries[key]; !kept {
			above = append(above, s.deleting(path, deletion{keyItem(key), "seq", number(entry.Seq)}))
		}
	}
	reads := []string{"latest", "floor", "seen", "line", "clear"}
	if len(above) >= mostTransacted {
		gap := h.record.Clone()
		gap.State.Floor, gap.State.Seen = after.State.Floor, after.State.Seen
		e := h.becoming(path, gap, reads...)
		if e != unneeded {
			e.returns = true
			item, ok, err := s.write(ctx, address(path, headItem), e)
			if err != nil || !ok {
				return false, false, err
			}
			if h, err = decodeHead(item); err != nil {
				return false, false, err
			}
		}
	}
	for len(above) >= mostTransacted {
		some := above[:mostTransacted-1]
		above = above[mostTransacted-1:]
		ok, err := s.transact(ctx, append(slices.Clone(some), s.check(path, headItem, "revision", h.item["revision"])))
		if err != nil || !ok {
			return false, false, err
		}
	}
	ok, err := s.transact(ctx, append(above, s.updating(path, headItem, h.becoming(path, after, reads...))))
	return ok, ok, err
}
