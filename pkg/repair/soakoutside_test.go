package repair_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/sqlitestate"
)

// soakStoreFlag is MSGEXT_STATE of the store that a soak plays on; in memory behind a lagging index
// where it is empty. Every message in the store is forgotten first.
var soakStoreFlag = os.Getenv("MSGEXT_SOAK_STORE")

// openSoakStore returns how a soak comes to its store, which is called within the simulated clock.
func openSoakStore(t *testing.T) func() state.Store {
	t.Helper()
	if soakStoreFlag == "" {
		return func() state.Store { return memstate.NewLagging(soakLag, time.Now) }
	}
	drivers := []state.Driver{
		sqlitestate.Driver(), redisstate.Driver(), pgstate.Driver(8), mysqlstate.Driver(8),
		dynamostate.Driver(func(context.Context) (aws.Config, error) { return localDynamoDB(t), nil }),
	}
	for _, driver := range drivers {
		for _, scheme := range driver.Schemes {
			if strings.HasPrefix(soakStoreFlag, scheme+":") {
				store, err := driver.Open(t.Context(), secret.String(soakStoreFlag))
				require.NoError(t, err)
				if table, ok := store.(*dynamostate.Store); ok {
					require.NoError(t, table.CreateTable(t.Context()))
				}
				forgetAll(t, store)
				away := outside{store, startWorkers(t)}
				return func() state.Store { return away }
			}
		}
	}
	require.Failf(t, "soak", "MSGEXT_SOAK_STORE names no store")
	return nil
}

func forgetAll(t *testing.T, store state.Store) {
	t.Helper()
	for after, more := state.Cursor(""), true; more; {
		page, err := store.Each(t.Context(), after, 100)
		require.NoError(t, err)
		for _, head := range page.Heads {
			require.NoError(t, store.Forget(t.Context(), head.Message))
		}
		after, more = page.Next, page.More
	}
}

// outside is a store that lives outside of the simulated clock, which stands still while it works:
// a connection that waits for its server would keep that clock from ever moving.
type outside struct {
	state.Store
	workers chan *worker
}

// worker does one thing at a time, for a goroutine that waits for it.
type worker struct {
	work chan func()
	done chan struct{}
}

func startWorkers(t *testing.T) chan *worker {
	workers := make(chan *worker, 64)
	for range cap(workers) {
		w := &worker{make(chan func()), make(chan struct{})}
		go func() {
			for {
				select {
				case work := <-w.work:
					work()
					w.done <- struct{}{}
				case <-t.Context().Done():
					return
				}
			}
		}()
		workers <- w
	}
	return workers
}

// ask has a worker call the store, with a context of its own: that of the caller belongs to the
// simulated clock.
func ask[T any](o outside, ctx context.Context, call func(context.Context) (T, error)) (answer T, err error) {
	if err := ctx.Err(); err != nil {
		return answer, err
	}
	w := <-o.workers
	w.work <- func() { answer, err = call(context.Background()) }
	<-w.done
	o.workers <- w
	return answer, err
}

func tell(o outside, ctx context.Context, call func(context.Context) error) error {
	_, err := ask(o, ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}

func (o outside) Apply(ctx context.Context, event msgext.Event, heard time.Time, mark state.Mark) error {
	return tell(o, ctx, func(ctx context.Context) error { return o.Store.Apply(ctx, event, heard, mark) })
}

func (o outside) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	return tell(o, ctx, func(ctx context.Context) error { return o.Store.MarkSeen(ctx, message, version) })
}

func (o outside) Doubt(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error {
	return tell(o, ctx, func(ctx context.Context) error { return o.Store.Doubt(ctx, message, at, source) })
}

func (o outside) Announce(ctx context.Context, message msgext.Message, at, due time.Time) error {
	return tell(o, ctx, func(ctx context.Context) error { return o.Store.Announce(ctx, message, at, due) })
}

func (o outside) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	return ask(o, ctx, func(ctx context.Context) (state.Record, error) { return o.Store.Load(ctx, message) })
}

func (o outside) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	return tell(o, ctx, func(ctx context.Context) error { return o.Store.Merge(ctx, message, read) })
}

func (o outside) Due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	return ask(o, ctx, func(ctx context.Context) (state.Page, error) { return o.Store.Due(ctx, lane, before, after, limit) })
}

func (o outside) SaveCheck(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	return tell(o, ctx, func(ctx context.Context) error { return o.Store.SaveCheck(ctx, message, outcome) })
}

func (o outside) Drop(ctx context.Context, message msgext.Message, drop state.Drop) (bool, error) {
	return ask(o, ctx, func(ctx context.Context) (bool, error) { return o.Store.Drop(ctx, message, drop) })
}

func (o outside) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	return tell(o, ctx, func(ctx context.Context) error { return o.Store.Sweep(ctx, message, revision) })
}

func (o outside) Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error) {
	return ask(o, ctx, func(ctx context.Context) (bool, error) { return o.Store.Erase(ctx, message, revision) })
}

func (o outside) Count(ctx context.Context, limit int) (state.Counts, error) {
	return ask(o, ctx, func(ctx context.Context) (state.Counts, error) { return o.Store.Count(ctx, limit) })
}
