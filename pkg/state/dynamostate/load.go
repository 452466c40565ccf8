package dynamostate

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Load implements state.Store. It reads consistently, the head first, and sees every write that
// ended before it began.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	_, record, err := s.load(ctx, message.Path())
	if errors.Is(err, state.ErrNotFound) {
		return state.Record{}, err
	}
	return record, failed(ctx, "load", err)
}

func (s *Store) load(ctx context.Context, path string) (h head, record state.Record, err error) {
	var entries map[string]msgext.Entry
	var base *msgext.Snapshot
	err = s.items(ctx, path, "", func(sortKey string, d *decoder) {
		switch {
		case sortKey == headItem:
			h, d.err = decodeHead(d.item)
		case strings.HasPrefix(sortKey, keyPrefix):
			key, entry := d.entry()
			if entries == nil {
				entries = make(map[string]msgext.Entry)
			}
			entries[key] = entry
		case sortKey == readItem:
			base = d.snapshot()
		}
	})
	if err == nil && !h.known {
		err = state.ErrNotFound
	}
	if err != nil {
		return head{}, state.Record{}, err
	}
	record = h.record.Clone()
	record.State.Entries, record.State.Base = entries, base
	if base != nil && base.Number == 0 { // written by version 1, which had no line, see drawLine
		record.State.Line = max(record.State.Line, base.Latest)
	}
	return h, record, nil
}

// items calls visit for each item of a message, in the order of their sort keys. attributes names
// the attributes to read; empty means all.
func (s *Store) items(ctx context.Context, path, attributes string, visit func(sortKey string, d *decoder)) error {
	const condition = "#pk = :pk"
	query := &dynamodb.QueryInput{
		TableName:                 s.table,
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names(condition, attributes),
		ExpressionAttributeValues: item{":pk": text(partition(path))},
	}
	if attributes != "" {
		query.ProjectionExpression = &attributes
	}
	for pages := dynamodb.NewQueryPaginator(s.client, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, attributes := range page.Items {
			d := &decoder{item: attributes}
			if visit(d.text("sk"), d); d.err != nil {
				return d.err
			}
		}
	}
	return nil
}
