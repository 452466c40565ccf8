package dynamostate

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Erase implements state.Store, see erase.
func (s *Store) Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error) {
	path := message.Path()
	h, err := s.head(ctx, path)
	if err != nil || !h.known || h.record.Check.Revision != revision {
		return false, failed(ctx, "erase", err)
	}
	erased, err := s.erase(ctx, path, h)
	if erased {
		// Removes what was written between the steps without changing the head.
		_, _, err = s.clear(ctx, path)
	}
	return erased, failed(ctx, "erase", err)
}

// Forget implements state.Store. It erases until nothing is left, including items without a head.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	path := message.Path()
	for found := false; ; {
		h, err := s.head(ctx, path)
		if err != nil {
			return failed(ctx, "forget", err)
		}
		if h.known {
			found = true
			_, err = s.erase(ctx, path, h)
		} else {
			left, cleared, cleaning := s.clear(ctx, path)
			found = found || left > 0
			if cleared && found {
				return nil
			}
			if cleared {
				return state.ErrNotFound
			}
			err = cleaning
		}
		if err != nil {
			return failed(ctx, "forget", err)
		}
	}
}

// erase erases a message whose head was read before, unless it has changed since then, and reports
// whether it did. DynamoDB deletes one item at a time, or a hundred in a transaction, so this takes
// three steps:
//
//  1. The head gets a new revision and a gap that no mark closes. It is due, with a drop to be
//     settled. A check that loaded the message before cannot mark it complete.
//  2. The items that existed before step 1 are deleted, each unless it has changed.
//  3. The head is deleted, if its revision is still the same and no read was merged in the meantime.
//
// If it ends between two steps, the message is due and is read back.
func (s *Store) erase(ctx context.Context, path string, h head) (bool, error) {
	var items []deletion
	err := s.items(ctx, path, "#sk, #seq, #number", func(sortKey string, d *decoder) {
		switch sortKey {
		case headItem:
		case readItem:
			items = append(items, deletion{sortKey, "number", d.item["number"]})
		default:
			items = append(items, deletion{sortKey, "seq", d.item["seq"]})
		}
	})
	if err != nil {
		return false, err
	}
	if !h.erasing() {
		e := h.becoming(path, unfinished(h.record), "seen")
		e.returns = true
		now, ok, err := s.write(ctx, address(path, headItem), e)
		if err != nil || !ok {
			return false, err
		}
		if h, err = decodeHead(now); err != nil {
			return false, err
		}
	}
	err = parallel(len(items), func(i int) error { return s.delete(ctx, path, items[i]) })
	if err != nil {
		return false, err
	}
	return s.transact(ctx, []types.TransactWriteItem{
		s.deleting(path, deletion{headItem, "revision", h.item["revision"]}),
		s.check(path, readItem, "pk", nil),
	})
}

// unfinished returns a record as step 1 of an erasure leaves it.
func unfinished(r state.Record) state.Record {
	c := &r.Check
	r.State.Floor, r.State.Seen = -1, nil
	c.Revision++
	c.DroppedAt = c.DroppedAt.Add(time.Millisecond)
	for _, at := range []time.Time{c.Heard, c.Announced, state.Moment(max(1, c.Revision))} {
		if c.Due.IsZero() {
			c.Due = at
		}
		if c.DroppedAt.Before(at) {
			c.DroppedAt = at
		}
	}
	return r
}

// clear deletes the items of a message without a head, and returns how many it deleted. ok is false
// if a head appears in the meantime.
func (s *Store) clear(ctx context.Context, path string) (n int, ok bool, err error) {
	var left []types.TransactWriteItem
	known := false
	err = s.items(ctx, path, "#sk", func(sortKey string, _ *decoder) {
		known = known || sortKey == headItem
		left = append(left, types.TransactWriteItem{Delete: &types.Delete{TableName: s.table, Key: address(path, sortKey)}})
	})
	if err != nil || known {
		return 0, false, err
	}
	for some := range slices.Chunk(left, mostTransacted-1) {
		ok, err := s.transact(ctx, append(slices.Clone(some), s.check(path, headItem, "pk", nil)))
		if err != nil || !ok {
			return n, false, err
		}
		n += len(some)
	}
	return n, true, nil
}
