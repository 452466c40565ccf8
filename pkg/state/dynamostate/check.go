package dynamostate

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// SaveCheck implements state.Store, in one write, on condition that nothing it depends on has
// changed.
func (s *Store) SaveCheck(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	path := message.Path()
	h, err := s.head(ctx, path)
	if err != nil {
		return failed(ctx, "save a check", err)
	}
	_, err = s.change(ctx, path, h, func(h head) (*expression, error) {
		if !h.known {
			return nil, state.ErrNotFound
		}
		after := h.record.Clone()
		after.SaveCheck(outcome)
		return h.becoming(path, after), nil
	})
	if errors.Is(err, state.ErrNotFound) {
		return err
	}
	return failed(ctx, "save a check", err)
}

func (s *Store) head(ctx context.Context, path string) (head, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: s.table, Key: address(path, headItem), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return head{}, err
	}
	return decodeHead(out.Item)
}
