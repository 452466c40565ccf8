package dynamostate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/internal/lanes"
)

// errCursor is the error for a cursor that no such list returned.
var errCursor = errors.New("not a cursor of this list")

// Due implements state.Store. The index lags, so it only says which messages to look at, and their
// heads decide. A page asks each partition for a few messages that have waited longest, and takes
// those that come first among all partitions.
func (s *Store) Due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	page, err := s.due(ctx, lane, before, after, limit)
	return page, failed(ctx, "due", err)
}

func (s *Store) due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	queues, err := parseQueues(lane, after)
	if err != nil {
		return state.Page{}, err
	}
	few := limit/8 + 2
	err = parallel(len(queues), func(i int) error { return s.ask(ctx, &queues[i], state.Milliseconds(before), few) })
	if err != nil {
		return state.Page{}, err
	}
	first := take(queues, limit)
	page := state.Page{}
	if page.Heads, err = s.heads(ctx, first); err != nil {
		return state.Page{}, err
	}
	page.Heads = slices.DeleteFunc(page.Heads, func(h state.Head) bool { return !h.Check.IsDue(before) })
	slices.SortFunc(page.Heads, func(a, b state.Head) int {
		return cmp.Or(a.Check.Due.Compare(b.Check.Due), cmp.Compare(a.Message.Path(), b.Message.Path()))
	})
	page.More = slices.ContainsFunc(queues, func(q queue) bool { return !q.Done })
	page.Next, err = cursor(queues)
	return page, err
}

// queue is a partition of the index, and how far it has been read. Its JSON is the partition's part
// of a cursor.
type queue struct {
	Due       int64  `json:"d,omitempty"` // of the last message returned; unset if After is empty
	After     string `json:"a,omitempty"`
	Done      bool   `json:"e,omitempty"`
	partition int64
	next      lanes.Part[waiter]
}

// waiter is an entry of the index.
type waiter struct {
	queue int // its index
	due   int64
	pk    string
}

func parseQueues(lane state.Lane, after state.Cursor) ([]queue, error) {
	all := partitions(lane)
	queues := make([]queue, len(all))
	if after != "" {
		if err := json.Unmarshal([]byte(after), &queues); err != nil || len(queues) != len(all) {
			return nil, errCursor
		}
	}
	for i, partition := range all {
		queues[i].partition = partition
	}
	return queues, nil
}

func cursor(queues []queue) (state.Cursor, error) {
	encoded, err := json.Marshal(queues)
	return state.Cursor(encoded), err
}

// ask fills a queue with up to few entries that are due.
func (s *Store) ask(ctx context.Context, q *queue, before int64, few int) error {
	if q.Done {
		return nil
	}
	const condition = "#shard = :shard AND #due <= :before"
	query := &dynamodb.QueryInput{
		TableName:                 s.table,
		IndexName:                 aws.String(dueIndex),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names(condition),
		ExpressionAttributeValues: item{":shard": number(q.partition), ":before": number(before)},
		Limit:                     aws.Int32(int32(few)),
	}
	if q.After != "" {
		query.ExclusiveStartKey = item{"pk": text(q.After), "sk": text(headItem), "shard": number(q.partition), "due": number(q.Due)}
	}
	for len(q.next.Entries) < few {
		page, err := s.client.Query(ctx, query)
		if err != nil {
			return err
		}
		for _, attributes := range page.Items {
			d := decoder{item: attributes}
			q.next.Entries = append(q.next.Entries, waiter{due: d.number("due"), pk: d.text("pk")})
			if d.err != nil {
				return d.err
			}
		}
		query.ExclusiveStartKey = page.LastEvaluatedKey
		if q.next.More = len(page.LastEvaluatedKey) > 0; !q.next.More {
			break
		}
	}
	return nil
}

// take returns up to limit of the entries that come first among all queues, and moves each queue
// behind its own. Entries that are due at the same time stay in the index's order.
func take(queues []queue, limit int) []waiter {
	parts := make([]lanes.Part[waiter], len(queues))
	for i, q := range queues {
		for n := range q.next.Entries {
			q.next.Entries[n].queue = i
		}
		parts[i] = q.next
	}
	first := lanes.First(parts, limit, func(a, b waiter) int { return cmp.Compare(a.due, b.due) })
	taken := make([]int, len(queues))
	for _, w := range first {
		taken[w.queue]++
		queues[w.queue].Due, queues[w.queue].After = w.due, w.pk
	}
	for i := range queues {
		q := &queues[i]
		q.Done = q.Done || !q.next.More && taken[i] == len(q.next.Entries)
	}
	return first
}

// heads reads the heads of the entries, in no order. Heads that do not exist are left out.
func (s *Store) heads(ctx context.Context, of []waiter) ([]state.Head, error) {
	const most = 100 // in one BatchGetItem (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html, read 2026-11)
	of = distinct(of)
	batches := slices.Collect(slices.Chunk(of, most))
	found := make([][]state.Head, len(batches))
	err := parallel(len(batches), func(i int) error {
		keys := make([]item, len(batches[i]))
		for k, waiter := range batches[i] {
			keys[k] = item{"pk": text(waiter.pk), "sk": text(headItem)}
		}
		wanted := map[string]types.KeysAndAttributes{*s.table: {Keys: keys, ConsistentRead: aws.Bool(true)}}
		// An answer holds at least one of the items and lists the rest as unprocessed. If the table
		// is too busy for even one item, the call itself is refused, and the SDK waits before it
		// tries again.
		for len(wanted) > 0 {
			out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: wanted})
			if err != nil {
				return err
			}
			for _, attributes := range out.Responses[*s.table] {
				head, err := stateHead(attributes)
				if err != nil {
					return err
				}
				found[i] = append(found[i], head)
			}
			wanted = out.UnprocessedKeys
		}
		return nil
	})
	return slices.Concat(found...), err
}

// distinct removes repeated entries and keeps the first. A message that moves while the index is
// read may appear at both places, and BatchGetItem refuses a key that is given twice.
func distinct(waiting []waiter) []waiter {
	met := make(map[string]bool, len(waiting))
	return slices.DeleteFunc(slices.Clone(waiting), func(w waiter) bool {
		again := met[w.pk]
		met[w.pk] = true
		return again
	})
}

func stateHead(attributes item) (state.Head, error) {
	h, err := decodeHead(attributes)
	if err != nil {
		return state.Head{}, err
	}
	d := decoder{item: attributes}
	path := d.text("path")
	if d.err != nil {
		return state.Head{}, d.err
	}
	message, err := msgext.ParsePath(path)
	return state.Head{Message: message, Progress: h.record.State.Progress, Check: h.record.Check}, err
}
