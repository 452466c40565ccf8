package dynamostate

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mostTransacted is how many items one transaction takes (API_TransactWriteItems, read 2026-11).
const mostTransacted = 100

// transact makes all of the writes or none. ok is false if a condition failed, or if another writer
// was changing one of the items.
func (s *Store) transact(ctx context.Context, items []types.TransactWriteItem) (ok bool, err error) {
	_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
	if hasChanged(err) {
		return false, nil
	}
	return err == nil, err
}

// hasChanged reports whether a transaction failed only because of other writers.
func hasChanged(err error) bool {
	var cancelled *types.TransactionCanceledException
	return errors.As(err, &cancelled) && !slices.ContainsFunc(cancelled.CancellationReasons, func(reason types.CancellationReason) bool {
		code := aws.ToString(reason.Code)
		return code != "None" && code != "ConditionalCheckFailed" && code != "TransactionConflict"
	})
}

// check returns a part of a transaction: the condition that an attribute of an item is still what
// it was, nil for absent.
func (s *Store) check(path, sortKey, name string, was types.AttributeValue) types.TransactWriteItem {
	e := new(expression)
	e.unchanged(name, was)
	condition := e.condition()
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: s.table, Key: address(path, sortKey), ConditionExpression: condition,
		ExpressionAttributeNames: names(*condition), ExpressionAttributeValues: e.values,
	}}
}

// updating returns a part of a transaction that updates an item.
func (s *Store) updating(path, sortKey string, e *expression) types.TransactWriteItem {
	update, condition := e.update(), e.condition()
	return types.TransactWriteItem{Update: &types.Update{
		TableName: s.table, Key: address(path, sortKey), UpdateExpression: update, ConditionExpression: condition,
		ExpressionAttributeNames: names(*update, *condition), ExpressionAttributeValues: e.values,
	}}
}

// deletion describes the deletion of one of a message's items, on condition that an attribute is
// still what it was, nil for absent.
type deletion struct {
	sortKey string
	name    string
	was     types.AttributeValue
}

// deleting returns a part of a transaction that deletes an item.
func (s *Store) deleting(path string, d deletion) types.TransactWriteItem {
	e := new(expression)
	e.unchanged(d.name, d.was)
	condition := e.condition()
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: s.table, Key: address(path, d.sortKey), ConditionExpression: condition,
		ExpressionAttributeNames: names(*condition), ExpressionAttributeValues: e.values,
	}}
}

// delete deletes an item outside a transaction. If the item has changed, it is kept, and that is no
// error.
func (s *Store) delete(ctx context.Context, path string, d deletion) error {
	part := s.deleting(path, d).Delete
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: part.TableName, Key: part.Key, ConditionExpression: part.ConditionExpression,
		ExpressionAttributeNames: part.ExpressionAttributeNames, ExpressionAttributeValues: part.ExpressionAttributeValues,
	})
	if refused := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &refused) {
		return nil
	}
	return err
}
