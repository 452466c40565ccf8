// Package dynamotest makes DynamoDB Local behave as the service does where the two differ: Local's
// indexes are always up to date, the service's lag behind.
//
// It is for tests of a store and of programs that use one. Its API is v0: it may change with any
// release.
package dynamotest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Lagging returns the configuration with an index that lags. A Query of it finds what the clients
// of this configuration wrote, each write lag late by the clock now. It never finds what other
// clients wrote. All clients of one configuration, on any number of goroutines, share one index.
//
// It knows the table of package dynamostate: an index of the attributes shard and due of the items
// whose sort key is "head", and queries by the values :shard and :before.
func Lagging(cfg aws.Config, lag time.Duration, now func() time.Time) aws.Config {
	behind := &behind{client: dynamodb.NewFromConfig(cfg), index: index{lag: lag, now: now}}
	wrapped := cfg.Copy()
	wrapped.APIOptions = append(wrapped.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("LaggingIndex", behind.handle), middleware.Before)
	})
	return wrapped
}

// behind intercepts the calls between clients and the table.
type behind struct {
	client *dynamodb.Client // bypasses the index
	items  sync.Map         // a *sync.Mutex per partition key: the index hears of an item's writes in order
	index  index
}

func (b *behind) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	switch input := in.Parameters.(type) {
	case *dynamodb.QueryInput:
		if input.IndexName != nil {
			return middleware.InitializeOutput{Result: b.index.query(input)}, middleware.Metadata{}, ctx.Err()
		}
	case *dynamodb.UpdateItemInput:
		if isHead(input.Key) {
			return b.update(ctx, *input, in, next)
		}
	case *dynamodb.DeleteItemInput:
		if isHead(input.Key) {
			return b.after(ctx, in, next, input.Key)
		}
	case *dynamodb.TransactWriteItemsInput:
		for _, part := range input.TransactItems { // all parts are of one message
			if part.Update != nil && isHead(part.Update.Key) {
				return b.after(ctx, in, next, part.Update.Key)
			}
			if part.Delete != nil && isHead(part.Delete.Key) {
				return b.after(ctx, in, next, part.Delete.Key)
			}
		}
	}
	return next.HandleInitialize(ctx, in)
}

// update makes the write of a head return the new item.
func (b *behind) update(ctx context.Context, input dynamodb.UpdateItemInput, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	defer b.lock(input.Key)()
	asked := input.ReturnValues
	input.ReturnValues = types.ReturnValueAllNew
	in.Parameters = &input
	out, metadata, err := next.HandleInitialize(ctx, in)
	if output, ok := out.Result.(*dynamodb.UpdateItemOutput); ok && err == nil {
		b.index.move(input.Key, output.Attributes)
		if asked != types.ReturnValueAllNew {
			output.Attributes = nil
		}
	}
	return out, metadata, err
}

// after reads a head after a write to it.
func (b *behind) after(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler, key item) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	defer b.lock(key)()
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	found, err := b.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: tableOf(in.Parameters), Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return out, metadata, fmt.Errorf("dynamotest: look at a head: %w", err)
	}
	b.index.move(key, found.Item)
	return out, metadata, nil
}

func tableOf(parameters any) *string {
	switch input := parameters.(type) {
	case *dynamodb.DeleteItemInput:
		return input.TableName
	case *dynamodb.TransactWriteItemsInput:
		for _, part := range input.TransactItems {
			if part.Update != nil {
				return part.Update.TableName
			}
			if part.Delete != nil {
				return part.Delete.TableName
			}
		}
	}
	return nil
}

// lock lets one write of an item through at a time.
func (b *behind) lock(key item) (unlock func()) {
	mutex, _ := b.items.LoadOrStore(text(key["pk"]), new(sync.Mutex))
	mutex.(*sync.Mutex).Lock()
	return mutex.(*sync.Mutex).Unlock
}

func isHead(key item) bool { return text(key["sk"]) == "head" }
