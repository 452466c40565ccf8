package dynamostate_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// units counts the units that DynamoDB reports as consumed, including indexes, and the updates that
// a condition refused. Those are billed by the size of the stored item, too
// (CapacityUnitCalculations.html, read 2026-11), but the answer does not say so.
type units struct {
	mu                     sync.Mutex
	read, written, refused float64
}

// of returns a configuration that counts its calls.
func (u *units) of(cfg aws.Config) aws.Config {
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Units", u.handle), middleware.Before)
	})
	return cfg
}

func (u *units) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	const total = types.ReturnConsumedCapacityTotal
	switch input := in.Parameters.(type) {
	case *dynamodb.UpdateItemInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.DeleteItemInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.TransactWriteItemsInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.GetItemInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.BatchGetItemInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.QueryInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.ScanInput:
		input.ReturnConsumedCapacity = total
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	u.mu.Lock()
	defer u.mu.Unlock()
	if refused := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &refused) {
		u.refused++
	}
	if err != nil {
		return out, metadata, err
	}
	switch output := out.Result.(type) {
	case *dynamodb.UpdateItemOutput:
		u.written += *output.ConsumedCapacity.CapacityUnits
	case *dynamodb.DeleteItemOutput:
		u.written += *output.ConsumedCapacity.CapacityUnits
	case *dynamodb.TransactWriteItemsOutput:
		for _, table := range output.ConsumedCapacity {
			u.written += *table.CapacityUnits
		}
	case *dynamodb.GetItemOutput:
		u.read += *output.ConsumedCapacity.CapacityUnits
	case *dynamodb.BatchGetItemOutput:
		for _, table := range output.ConsumedCapacity {
			u.read += *table.CapacityUnits
		}
	case *dynamodb.QueryOutput:
		u.read += *output.ConsumedCapacity.CapacityUnits
	case *dynamodb.ScanOutput:
		u.read += *output.ConsumedCapacity.CapacityUnits
	}
	return out, metadata, err
}

// take returns what was counted since it was last called.
func (u *units) take() (read, written, refused float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	read, written, refused = u.read, u.written, u.refused
	u.read, u.written, u.refused = 0, 0, 0
	return read, written, refused
}

// The cost of each call, as in the package comment. DynamoDB Local bills 0 for a query that finds
// nothing, the service 0.5. Local does not count deletions in a transaction. Both are left out
// here.
func TestStore_CapacityOfEachCall(t *testing.T) {
	var count units
	store := open(t, count.of(local(t)), newTable(t))
	ctx, m, revision := t.Context(), statetest.NewMessage(), start.UnixMilli()+1
	ok := func(_ any, err error) error { return err }
	keys := statetest.SetEvent(m, 3, "v", "a", "b").KeyValues
	save := func(o state.Outcome) func() error {
		return func() error { return store.SaveCheck(ctx, m, o) }
	}
	for _, test := range []struct {
		name          string
		call          func() error
		read, written float64
	}{
		{"Apply, of three keys, of a new message", func() error {
			return store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a", "b", "c"), start, state.MarkLater)
		}, 0, 1 + 1 + 3},
		{"MarkSeen", func() error { return store.MarkSeen(ctx, m, 1) }, 0, 1},
		{"Apply, of one key and marked, of a message that is due", func() error {
			return store.Apply(ctx, statetest.SetEvent(m, 2, "v", "a"), start, state.MarkNow)
		}, 0, 1 + 1 + 1},
		{"Announce, of a message nobody has heard of", func() error { return store.Announce(ctx, statetest.NewMessage(), start, start) }, 0, 1 + 1},
		{"Load", func() error { return ok(store.Load(ctx, m)) }, 1, 0},
		{"Merge, of the first read", func() error {
			return store.Merge(ctx, m, msgext.Snapshot{Number: 1, Latest: 3, KeyValues: keys})
		}, 1 + 1, 1 + 1},
		{"Merge", func() error {
			return store.Merge(ctx, m, msgext.Snapshot{Number: 2, After: 1, Latest: 3, KeyValues: keys})
		}, 1, 1},
		{"SaveCheck, of a message that failed", save(state.Outcome{Revision: revision + 1, Tries: 1, Due: start}), 1, 1 + 2},
		{"SaveCheck, of one that stays in its lane", save(state.Outcome{Revision: revision + 1, Tries: 2, Due: start.Add(time.Minute)}), 1, 1 + 2},
		{"SaveCheck, of one that is done", save(state.Outcome{Revision: revision + 1, Floor: 3}), 1, 1 + 1},
		{"Doubt, of a message that was done", func() error { return store.Doubt(ctx, m, start, state.FromWebhook) }, 0, 1 + 1},
		{"Doubt, of one that is due", func() error { return store.Doubt(ctx, m, start, state.FromWebhook) }, 0, 1},
		{"Due, of one", func() error { return ok(store.Due(ctx, state.FirstChecks, start, "", 10)) }, 0.5 + 1, 0},
		{"Count, of one", func() error { return ok(store.Count(ctx, 10)) }, 0.5, 0},
		{"Each, of 4 KB", func() error { return ok(store.Each(ctx, "", 10)) }, 1, 0},
	} {
		require.NoError(t, test.call(), test.name)
		read, written, refused := count.take()
		assert.Equal(t, [2]float64{test.read, test.written}, [2]float64{read, written}, test.name)
		assert.Zero(t, refused, test.name)
	}
}

// The bill for an event including the index, as docs/operations.md computes it: one key, in order,
// marked at once and marked after the sinks.
func TestStore_CapacityOfAnEvent(t *testing.T) {
	var count units
	store := open(t, count.of(local(t)), newTable(t))
	for _, settled := range []bool{true, false} {
		m := statetest.NewMessage()
		// The first event also puts the message into the due index.
		for version, want := range []float64{4, 3, 3} {
			version := int64(version)
			at := start.Add(time.Duration(version) * time.Minute)
			require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version+1, "v", "a"), at, state.Mark(settled)))
			if !settled {
				require.NoError(t, store.MarkSeen(t.Context(), m, version+1))
			}
			_, written, refused := count.take()
			assert.Equal(t, want, written, "settled at once: %t, event %d", settled, version+1)
			assert.Zero(t, refused)
		}
	}
}

// Fifty concurrent writers of one message, each with the next version. The marks come in any order,
// and the head stays small nevertheless. The refused writes are heads that a later event overtook,
// one in two.
func TestStore_CapacityOfAContendedMessage(t *testing.T) {
	const writers, events = 50, 700
	for _, settled := range []bool{true, false} {
		var count units
		store := open(t, count.of(local(t)), newTable(t))
		m := statetest.NewMessage()
		var version atomic.Int64
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for v := version.Add(1); v <= events; v = version.Add(1) {
					assert.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, v, "v", fmt.Sprint("user ", v%writers)), start.Add(time.Duration(v)*time.Millisecond), state.Mark(settled)))
					if !settled {
						assert.NoError(t, store.MarkSeen(t.Context(), m, v))
					}
				}
			})
		}
		all.Wait()
		_, written, refused := count.take()
		t.Logf("settled at once: %t, %.2f write units an event, %.2f refused writes", settled, written/events, refused/events)
		assert.LessOrEqual(t, written/events, 3.3)
		record, err := store.Load(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, msgext.Progress{Latest: events, Floor: events}, record.State.Progress)
	}
}
