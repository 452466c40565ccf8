package dynamostate

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Load implements state.Store. It reads what every write before it has left, the head first.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	record, err := s.load(ctx, message.Path())
	if errors.Is(err, state.ErrNotFound) {
		return state.Record{}, err
	}
	return record, failed(ctx, "load", err)
}

func (s *Store) load(ctx context.Context, path string) (state.Record, error) {
	var record state.Record
	found := false
	err := s.each(ctx, path, "", func(sortKey string, d *decoder) {
		switch {
		case sortKey == headItem:
			found = true
			var h head
			h, d.err = decodeHead(d.item)
			record.State.Progress, record.State.Clear, record.Check = h.progress, h.clear, h.check
			// A mark that met a rising floor may have left a version below it.
			record.State.Seen = slices.DeleteFunc(record.State.Seen, func(version int64) bool { return version <= h.progress.Floor })
		case strings.HasPrefix(sortKey, keyPrefix):
			key, entry := d.entry()
			if record.State.Entries == nil {
				record.State.Entries = make(map[string]msgext.Entry)
			}
			record.State.Entries[key] = entry
		case sortKey == readItem:
			record.State.Base = d.snapshot()
		}
	})
	if err != nil {
		return state.Record{}, err
	}
	if !found {
		return state.Record{}, state.ErrNotFound
	}
	return record, nil
}

// each calls visit for each item of a message, in the order of their sort keys. Attributes, where not
// empty, are those that are wanted.
func (s *Store) each(ctx context.Context, path, attributes string, visit func(sortKey string, d *decoder)) error {
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
