package dynamostate

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"msgext/pkg/state"
)

// Each implements state.Store, by a scan of the table in its own order, that of a hash of the
// partition keys. The cost depends on all items that the scan passes until it finds heads, which
// includes keys and reads of messages.
func (s *Store) Each(ctx context.Context, after state.Cursor, limit int) (state.Page, error) {
	page, err := s.scan(ctx, after, limit)
	return page, failed(ctx, "each", err)
}

func (s *Store) scan(ctx context.Context, after state.Cursor, limit int) (state.Page, error) {
	from, err := parseItem(after)
	if err != nil {
		return state.Page{}, err
	}
	const condition = "#sk = :head"
	for {
		out, err := s.client.Scan(ctx, &dynamodb.ScanInput{
			TableName: s.table, ConsistentRead: aws.Bool(true), ExclusiveStartKey: from,
			Limit:            aws.Int32(int32(4*limit + 100)), // items passed
			FilterExpression: aws.String(condition), ExpressionAttributeNames: names(condition), ExpressionAttributeValues: item{":head": text(headItem)},
		})
		if err != nil {
			return state.Page{}, err
		}
		from = out.LastEvaluatedKey
		if len(out.Items) > limit {
			out.Items = out.Items[:limit]
			from = item{"pk": out.Items[limit-1]["pk"], "sk": text(headItem)}
		}
		page := state.Page{More: len(from) > 0, Next: after}
		for _, attributes := range out.Items {
			head, err := stateHead(attributes)
			if err != nil {
				return state.Page{}, err
			}
			page.Heads = append(page.Heads, head)
		}
		if page.More {
			d := decoder{item: from}
			page.Next = state.Cursor(d.text("sk") + " " + d.text("pk"))
		}
		if len(page.Heads) > 0 || !page.More {
			return page, nil
		}
	}
}

// parseItem returns the key of the item after which a page of Each begins. The item need not exist:
// its key has a place in the table's order in any case.
func parseItem(after state.Cursor) (item, error) {
	if after == "" {
		return nil, nil
	}
	if n, ok := after.Somewhere(); ok {
		return item{"pk": text(strconv.FormatUint(n, 10)), "sk": text(headItem)}, nil
	}
	sortKey, partition, ok := strings.Cut(string(after), " ")
	if !ok {
		return nil, errCursor
	}
	return item{"pk": text(partition), "sk": text(sortKey)}, nil
}
