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
		_, _, err = s.clear(ctx, path) // what came between the steps without changing the head
	}
	return erased, failed(ctx, "erase", err)
}

// Forget implements state.Store: it erases until nothing is left, what was left behind without a
// head included.
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

// erase erases a message whose head was found, unless it has changed since, and reports whether it
// did. DynamoDB erases one item at a time, or a hundred, so this takes three steps:
//
//  1. the head becomes a gap that no mark closes, of another revision, due, with a drop to be settled: a check
//     that loaded the message before cannot say that it is complete;
//  2. what was there before step 1 goes, each item unless it has changed;
//  3. the head goes, if it is still of that revision, and nothing was read meanwhile.
//
// Whatever ends it between them leaves a message that is read back.
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

// unfinished is a record as step 1 of an erasure leaves it.
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

// clear deletes what is left of a message without a head, and returns how much it was. ok is false
// where a head appears meanwhile.
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
