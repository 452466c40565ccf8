package dynamostate

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/state"
)

// Count implements state.Store. It uses only the index, which lags by a moment. It asks each
// partition of two lanes for the first message that is due, and counts the messages of each
// partition that holds unsettled ones and is not empty.
func (s *Store) Count(ctx context.Context, limit int) (state.Counts, error) {
	timed := slices.Concat(partitions(state.FirstChecks), partitions(state.Retries))
	all := slices.Concat(timed, []int64{openAnnounce, stuck + int64(state.Announced)})
	firsts, numbers := make([]int64, len(all)), make([]int, len(all))
	err := parallel(len(all), func(i int) (err error) {
		if firsts[i], err = s.first(ctx, all[i]); err != nil || firsts[i] == 0 || standing(all[i]) == state.Settled {
			return err
		}
		numbers[i], err = s.countIn(ctx, all[i], limit)
		return err
	})
	if err != nil {
		return state.Counts{}, failed(ctx, "count", err)
	}
	var counts state.Counts
	oldest := int64(never)
	for i, partition := range all {
		switch standing(partition) {
		case state.Open:
			counts.Open += numbers[i]
		case state.Stuck:
			counts.Stuck += numbers[i]
		}
		if i < len(timed) && firsts[i] != 0 {
			oldest = min(oldest, firsts[i])
		}
	}
	counts.Open, counts.Stuck = min(counts.Open, limit), min(counts.Stuck, limit)
	if oldest != never {
		counts.OldestDue = state.Moment(oldest)
	}
	return counts, nil
}

// partition is a query of a whole partition of the index.
func (s *Store) partition(n int64, limit int) *dynamodb.QueryInput {
	const condition = "#shard = :shard"
	return &dynamodb.QueryInput{
		TableName: s.table, IndexName: aws.String(dueIndex), Limit: aws.Int32(int32(limit)),
		KeyConditionExpression: aws.String(condition), ExpressionAttributeNames: names(condition),
		ExpressionAttributeValues: item{":shard": number(n)},
	}
}

// first returns the earliest due time in a partition, 0 for none.
func (s *Store) first(ctx context.Context, partition int64) (int64, error) {
	page, err := s.client.Query(ctx, s.partition(partition, 1))
	if err != nil || len(page.Items) == 0 {
		return 0, err
	}
	d := decoder{item: page.Items[0]}
	return d.number("due"), d.err
}

// countIn counts the messages of a partition, up to a limit.
func (s *Store) countIn(ctx context.Context, partition int64, limit int) (n int, err error) {
	query := s.partition(partition, limit)
	query.Select = types.SelectCount
	for {
		page, err := s.client.Query(ctx, query)
		if err != nil {
			return 0, err
		}
		n += int(page.Count)
		if query.ExclusiveStartKey = page.LastEvaluatedKey; len(page.LastEvaluatedKey) == 0 || n >= limit {
			return n, nil
		}
	}
}
