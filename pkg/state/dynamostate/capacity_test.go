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

// units counts the write units of updates, as DynamoDB says they were consumed, and the updates that a condition
// refused. Those are billed by the item that stands, too (CapacityUnitCalculations.html, read 2026-11), but the
// answer does not say so.
type units struct {
	mu               sync.Mutex
	written, refused float64
}

// of returns a configuration whose updates are counted.
func (u *units) of(cfg aws.Config) aws.Config {
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Units", u.handle), middleware.Before)
	})
	return cfg
}

func (u *units) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	if input, ok := in.Parameters.(*dynamodb.UpdateItemInput); ok {
		input.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	u.mu.Lock()
	defer u.mu.Unlock()
	if refused := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &refused) {
		u.refused++
	}
	if output, ok := out.Result.(*dynamodb.UpdateItemOutput); ok && err == nil {
		u.written += *output.ConsumedCapacity.CapacityUnits
	}
	return out, metadata, err
}

// take returns what was counted since it was last called.
func (u *units) take() (written, refused float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	written, refused = u.written, u.refused
	u.written, u.refused = 0, 0
	return written, refused
}

// What an event is billed, the index included, as docs/operations.md reckons with it: one key, in order, settled at once
// and settled after the sinks.
func TestStore_CapacityOfAnEvent(t *testing.T) {
	var count units
	store := open(t, count.of(local(t)), newTable(t))
	for _, settled := range []bool{true, false} {
		m := statetest.NewMessage()
		for version, want := range []float64{4, 3, 3} { // the first also enters the index of what is due
			version := int64(version)
			at := start.Add(time.Duration(version) * time.Minute)
			require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version+1, "v", "a"), at, state.Mark(settled)))
			if !settled {
				require.NoError(t, store.MarkSeen(t.Context(), m, version+1))
			}
			written, refused := count.take()
			assert.Equal(t, want, written, "settled at once: %t, event %d", settled, version+1)
			assert.Zero(t, refused)
		}
	}
}

// Fifty writers of one message, each with the next version. The marks come in any order, and the head stays small
// all the same; what is refused is the heads of events that a later one overtook, one in two.
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
		written, refused := count.take()
		t.Logf("settled at once: %t, %.2f write units an event, %.2f refused writes", settled, written/events, refused/events)
		assert.LessOrEqual(t, written/events, 3.3)
		record, err := store.Load(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, msgext.Progress{Latest: events, Floor: events}, record.State.Progress)
	}
}
