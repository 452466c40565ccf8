package dynamostate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Checked implements state.Store.
func (s *Store) Checked(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	path := message.Path()
	return s.changeKnown(ctx, "checked", path, func(h head) (*expression, error) {
		p := h.progress
		e := new(expression)
		e.raise("floor", p.Floor, outcome.Floor)
		e.raise("latest", p.Latest, outcome.Floor)
		e.exclude("seen", upTo(p.Seen, max(p.Floor, outcome.Floor))...)
		revision := e.value("revision", number(outcome.Check.Revision))
		if h.check.Revision != outcome.Check.Revision {
			e.when("#revision <> " + revision)
			return e, nil
		}
		e.when("#revision = " + revision)
		e.schedule(path, outcome.Check.Due)
		e.set("tries", number(int64(outcome.Check.Tries)))
		e.set("told", boolean(outcome.Check.Told))
		e.set("ahead", number(state.Milliseconds(outcome.Check.AheadSince)))
		return e, nil
	})
}

// Drop implements state.Store: the entries, then the head in one write.
func (s *Store) Drop(ctx context.Context, message msgext.Message, version int64, due time.Time) error {
	path := message.Path()
	var above []string
	err := s.each(ctx, path, "#sk, #seq", func(sortKey string, d *decoder) {
		if d.number("seq") > version {
			above = append(above, sortKey)
		}
	})
	if err != nil {
		return failed(ctx, "drop", err)
	}
	err = parallel(len(above), func(i int) error {
		return s.delete(ctx, address(path, above[i]), "#seq > :seq", version)
	})
	if err != nil {
		return failed(ctx, "drop", err)
	}
	return s.changeKnown(ctx, "drop", path, func(h head) (*expression, error) {
		p := h.progress
		e := new(expression)
		e.lower("latest", p.Latest, min(p.Latest, version))
		e.lower("floor", p.Floor, min(p.Floor, version-1))
		cleared := h.clear
		if cleared > version {
			cleared = 0
		}
		e.lower("clear", h.clear, cleared)
		if len(p.Seen) == 0 {
			e.when("attribute_not_exists(#seen)")
		} else {
			e.when("#seen = " + e.value("seen", versions(p.Seen...)))
			e.exclude("seen", p.Seen[len(upTo(p.Seen, version-1)):]...)
		}
		e.schedule(path, due)
		e.set("ahead", number(0))
		e.sets = append(e.sets, "#revision = #revision + "+e.value("one", number(1)))
		return e, nil
	})
}

// lower sets an attribute that must still be what it was.
func (e *expression) lower(name string, from, to int64) {
	e.set(name, number(to))
	e.when("#" + name + " = " + e.value("from_"+name, number(from)))
}

// schedule sets since when a message is due, and takes it out of the index where nothing is left to check.
func (e *expression) schedule(path string, due time.Time) {
	if due.IsZero() {
		e.remove("due", "shard")
		return
	}
	e.set("due", number(state.Milliseconds(due)))
	e.set("shard", number(shard(path)))
}

// Sweep implements state.Store. What goes is worked out here, by the one rule. It goes in transactions that
// hold only if neither the message nor what was read of it has changed: a read that comes meanwhile may bring
// a key that only a tombstone hides.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	path := message.Path()
	record, err := s.load(ctx, path)
	if err == state.ErrNotFound {
		return err
	}
	if err != nil || record.Check.Revision != revision {
		return failed(ctx, "sweep", err)
	}
	unchanged := []types.TransactWriteItem{
		s.check(address(path, headItem), "#revision = :revision", item{":revision": number(revision)}),
		s.check(address(path, readItem), "attribute_not_exists(#pk)", nil),
	}
	if record.State.Base != nil {
		unchanged[1] = s.check(address(path, readItem), "#latest = :latest", item{":latest": number(record.State.Base.Latest)})
	}
	swept := record.State.Clone()
	swept.Sweep()
	var garbage []types.TransactWriteItem
	for key, entry := range record.State.Entries {
		if _, kept := swept.Entries[key]; !kept {
			garbage = append(garbage, s.deletion(address(path, keyItem(key)), entry.Seq))
		}
	}
	const most = 100 // in one transaction (API_TransactWriteItems, read 2026-11)
	for some := range slices.Chunk(garbage, most-len(unchanged)) {
		_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: slices.Concat(unchanged, some)})
		if err != nil {
			if hasChanged(err) {
				return nil
			}
			return failed(ctx, "sweep", err)
		}
	}
	return nil
}

// check is the part of a transaction that holds only on a condition.
func (s *Store) check(key item, condition string, values item) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: s.table, Key: key, ConditionExpression: &condition,
		ExpressionAttributeNames: names(condition), ExpressionAttributeValues: values,
	}}
}

// deletion is the part of a transaction that deletes a key's item if it is still of a version.
func (s *Store) deletion(key item, seq int64) types.TransactWriteItem {
	const condition = "#seq = :seq"
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: s.table, Key: key, ConditionExpression: aws.String(condition),
		ExpressionAttributeNames: names(condition), ExpressionAttributeValues: item{":seq": number(seq)},
	}}
}

// hasChanged reports whether a transaction failed by its conditions alone.
func hasChanged(err error) bool {
	var cancelled *types.TransactionCanceledException
	return errors.As(err, &cancelled) && !slices.ContainsFunc(cancelled.CancellationReasons, func(reason types.CancellationReason) bool {
		code := aws.ToString(reason.Code)
		return code != "None" && code != "ConditionalCheckFailed"
	})
}

// Forget implements state.Store. The head goes first: what an interrupted call leaves is a message nobody has
// heard of, never one that seems complete.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	path := message.Path()
	if err := s.delete(ctx, address(path, headItem), "", 0); err != nil {
		return failed(ctx, "forget", err)
	}
	var left []string
	err := s.each(ctx, path, "#sk", func(sortKey string, _ *decoder) { left = append(left, sortKey) })
	if err != nil {
		return failed(ctx, "forget", err)
	}
	err = parallel(len(left), func(i int) error { return s.delete(ctx, address(path, left[i]), "", 0) })
	return failed(ctx, "forget", err)
}

// changeKnown is change of the head of a message that must be known, beginning with what stands.
func (s *Store) changeKnown(ctx context.Context, call, path string, decide func(head) (*expression, error)) error {
	h, err := s.head(ctx, path)
	if err != nil {
		return failed(ctx, call, err)
	}
	_, err = s.change(ctx, path, h, func(h head) (*expression, error) {
		if !h.exists {
			return nil, state.ErrNotFound
		}
		return decide(h)
	})
	if errors.Is(err, state.ErrNotFound) {
		return err
	}
	return failed(ctx, call, err)
}

func (s *Store) head(ctx context.Context, path string) (head, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: s.table, Key: address(path, headItem), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return head{}, err
	}
	return decodeHead(out.Item)
}

// delete deletes an item, on a condition on its attribute seq unless it is empty. That the condition fails is
// no error.
func (s *Store) delete(ctx context.Context, key item, condition string, seq int64) error {
	input := &dynamodb.DeleteItemInput{TableName: s.table, Key: key}
	if condition != "" {
		input.ConditionExpression = &condition
		input.ExpressionAttributeNames = names(condition)
		input.ExpressionAttributeValues = item{":seq": number(seq)}
	}
	_, err := s.client.DeleteItem(ctx, input)
	if refused := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &refused) {
		return nil
	}
	return err
}

// upTo returns the part of a sorted set that does not exceed version.
func upTo(set []int64, version int64) []int64 {
	at, found := slices.BinarySearch(set, version)
	if found {
		at++
	}
	return set[:at]
}
