package dynamostate

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Due implements state.Store. The index, which lags, says whom to look at; their heads decide.
func (s *Store) Due(ctx context.Context, before time.Time, limit int) ([]state.Head, error) {
	if limit <= 0 {
		return nil, failed(ctx, "due", ctx.Err())
	}
	var waiting [shards][]waiter
	err := parallel(shards, func(i int) (err error) {
		waiting[i], err = s.waiting(ctx, int64(i), state.Milliseconds(before), limit)
		return err
	})
	if err != nil {
		return nil, failed(ctx, "due", err)
	}
	longest := slices.Concat(waiting[:]...)
	slices.SortFunc(longest, func(a, b waiter) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.partition, b.partition))
	})
	longest = distinct(longest)
	heads, err := s.heads(ctx, longest[:min(limit, len(longest))])
	if err != nil {
		return nil, failed(ctx, "due", err)
	}
	heads = slices.DeleteFunc(heads, func(h state.Head) bool { return h.Check.Due.IsZero() || h.Check.Due.After(before) })
	slices.SortFunc(heads, func(a, b state.Head) int {
		return cmp.Or(a.Check.Due.Compare(b.Check.Due), cmp.Compare(a.Message.Path(), b.Message.Path()))
	})
	return heads, nil
}

// waiter is an entry of the index.
type waiter struct {
	partition string
	due       int64
}

// distinct keeps the first of those that are there more than once: a message whose due time moves while the
// index is read may be met at both, and BatchGetItem refuses a key that comes twice.
func distinct(waiting []waiter) []waiter {
	met := make(map[string]bool, len(waiting))
	return slices.DeleteFunc(waiting, func(w waiter) bool {
		again := met[w.partition]
		met[w.partition] = true
		return again
	})
}

// waiting returns up to limit messages of one shard that are due, those that have waited longest first.
func (s *Store) waiting(ctx context.Context, shard, before int64, limit int) ([]waiter, error) {
	const condition = "#shard = :shard AND #due <= :before"
	query := &dynamodb.QueryInput{
		TableName:                 s.table,
		IndexName:                 aws.String(dueIndex),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names(condition),
		ExpressionAttributeValues: item{":shard": number(shard), ":before": number(before)},
		Limit:                     aws.Int32(int32(min(limit, math.MaxInt32))),
	}
	var waiting []waiter
	for pages := dynamodb.NewQueryPaginator(s.client, query); pages.HasMorePages() && len(waiting) < limit; {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, attributes := range page.Items {
			d := decoder{item: attributes}
			waiting = append(waiting, waiter{d.text("pk"), d.number("due")})
			if d.err != nil {
				return nil, d.err
			}
		}
	}
	return waiting, nil
}

// heads reads heads, those that exist, in no order.
func (s *Store) heads(ctx context.Context, of []waiter) ([]state.Head, error) {
	const most = 100 // in one BatchGetItem (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html, read 2026-11)
	batches := slices.Collect(slices.Chunk(of, most))
	found := make([][]state.Head, len(batches))
	err := parallel(len(batches), func(i int) error {
		keys := make([]item, len(batches[i]))
		for k, waiter := range batches[i] {
			keys[k] = item{"pk": text(waiter.partition), "sk": text(headItem)}
		}
		wanted := map[string]types.KeysAndAttributes{*s.table: {Keys: keys, ConsistentRead: aws.Bool(true)}}
		// An answer holds at least one item of those asked for, and names the rest; where the table is too
		// busy for even one, the call itself is refused and the SDK waits before it tries again.
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
	return state.Head{Message: message, Progress: h.progress, Check: h.check}, err
}
