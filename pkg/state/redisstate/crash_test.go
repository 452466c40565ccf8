package redisstate_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// requests is a redis.Hook that counts requests, a pipeline as one, and simulates a crash at a
// chosen request, either before it is sent or when its reply arrives.
type requests struct {
	sent      int
	dieAt     int // counted from 1; 0 never
	withReply bool
}

var errDead = errors.New("dead")

func (r *requests) process(send func() error) error {
	r.sent++
	if r.dieAt == 0 || r.sent < r.dieAt {
		return send()
	}
	if r.sent == r.dieAt && r.withReply {
		_ = send()
	}
	return errDead
}

func (r *requests) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (r *requests) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "hello" { // the first command of a connection
			return next(ctx, cmd)
		}
		err := r.process(func() error { return next(ctx, cmd) })
		if errors.Is(err, errDead) {
			cmd.SetErr(err)
		}
		return err
	}
}

func (r *requests) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return r.process(func() error { return next(ctx, cmds) })
	}
}

// A crash at any request leaves a detectable gap, never a version marked complete whose data is
// missing. Repeating everything restores the state.
func TestStore_Crash(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		store := open(t, url)
		const events, calls = 3, 2
		require.NoError(t, store.LoadScripts(t.Context()))
		for dieAt := 1; dieAt <= events*calls; dieAt++ {
			for _, withReply := range []bool{false, true} {
				t.Run(fmt.Sprintf("at request %d, with its reply %t", dieAt, withReply), func(t *testing.T) {
					dying := open(t, url)
					dying.Client().AddHook(&requests{dieAt: dieAt, withReply: withReply})
					m := statetest.NewMessage()
					history := history(m, events)
					require.ErrorIs(t, receive(t, dying, history), errDead)

					arrived := dieAt - 1
					if withReply {
						arrived++
					}
					applied, marked := (arrived+1)/calls, arrived/calls
					record, err := store.Load(t.Context(), m)
					if applied == 0 {
						require.ErrorIs(t, err, state.ErrNotFound)
					} else {
						require.NoError(t, err)
						assert.Equal(t, msgexttest.Truth(history[:applied]).Reply(), record.State.Reply())
						assert.EqualValues(t, marked, record.State.Contiguous())
						assert.Equal(t, applied > marked, record.State.Gap())
						assert.Contains(t, due(t, store), m)
					}

					require.NoError(t, receive(t, store, history))
					record, err = store.Load(t.Context(), m)
					require.NoError(t, err)
					assert.Equal(t, msgexttest.Truth(history).Reply(), record.State.Reply())
					assert.False(t, record.State.Gap())
				})
			}
		}
	})
}

func history(m msgext.Message, n int) []msgext.Event {
	var events []msgext.Event
	for version := 1; version <= n; version++ {
		events = append(events, statetest.SetEvent(m, int64(version), fmt.Sprint(version), "a", fmt.Sprint("b", version)))
	}
	return events
}

// receive does the same as a receiver with sinks, up to the first error.
func receive(t *testing.T, s state.Store, events []msgext.Event) error {
	t.Helper()
	for _, event := range events {
		if err := s.Apply(t.Context(), event, start, state.MarkLater); err != nil {
			return err
		}
		if err := s.MarkSeen(t.Context(), event.Message, event.Version()); err != nil {
			return err
		}
	}
	return nil
}

func due(t *testing.T, s state.Store) []msgext.Message {
	t.Helper()
	var messages []msgext.Message
	page := state.Page{More: true}
	for page.More {
		var err error
		page, err = s.Due(t.Context(), state.FirstChecks, start, page.Next, 100_000)
		require.NoError(t, err)
		for _, head := range page.Heads {
			messages = append(messages, head.Message)
		}
	}
	return messages
}

// The cost of a call does not depend on how many keys the message has.
func TestStore_Requests(t *testing.T) {
	onEach(t, func(t *testing.T, url secret.String) {
		for _, keys := range []int{3, msgext.MaxKeys} {
			t.Run(fmt.Sprint(keys, " keys"), func(t *testing.T) {
				store := open(t, url)
				counting := new(requests)
				store.Client().AddHook(counting)
				require.NoError(t, store.LoadScripts(t.Context()))
				want := map[string]int{
					"apply": 1, "mark": 1, "doubt": 1, "announce": 1, "merge": 1, "load": 1, "save check": 1, "due": 2, "each": 3, "count": 1, // each: from somewhere
					"sweep": 2, "drop": 1, "erase": 1, "forget": 1,
				}
				assert.Equal(t, want, callAll(t, store, keys, counting))
			})
		}
	})
}

// callAll calls every method once, on a message with the given number of keys, and returns what
// each sent.
func callAll(t *testing.T, s state.Store, keys int, counting *requests) map[string]int {
	t.Helper()
	ctx, m := t.Context(), statetest.NewMessage()
	existing := statetest.SetEvent(m, 1, "v")
	for i := range keys {
		existing.KeyValues = append(existing.KeyValues, msgext.KeyValue{Key: fmt.Sprint("key ", i), Value: "v", Seq: 1})
	}
	require.NoError(t, s.Apply(ctx, existing, start, state.MarkNow))

	sent := make(map[string]int)
	calls := []struct {
		name string
		call func() error
	}{
		{"apply", func() error { return s.Apply(ctx, statetest.DeleteEvent(m, 3, "gone"), start, state.MarkNow) }},
		{"mark", func() error { return s.MarkSeen(ctx, m, 2) }},
		{"doubt", func() error { return s.Doubt(ctx, m, start, state.FromWebhook) }},
		{"announce", func() error { return s.Announce(ctx, m, start, start) }},
		{"merge", func() error { return s.Merge(ctx, m, msgext.Snapshot{Number: 1, Latest: 1}) }},
		{"load", func() error { _, err := s.Load(ctx, m); return err }},
		{"save check", func() error { return s.SaveCheck(ctx, m, state.Outcome{Floor: 1}) }},
		{"due", func() error { _, err := s.Due(ctx, state.FirstChecks, start, "", 1); return err }},
		{"each", func() error { _, err := s.Each(ctx, state.Somewhere(redisstate.Shard(m)), 1); return err }},
		{"count", func() error { _, err := s.Count(ctx, 1000); return err }},
		{"sweep", func() error { return s.Sweep(ctx, m, start.UnixMilli()+3) }},
		{"drop", func() error { _, err := s.Drop(ctx, m, state.Drop{Above: 1, Now: start, Due: start}); return err }},
		{"erase", func() error { _, err := s.Erase(ctx, m, 0); return err }},
		{"forget", func() error { return s.Forget(ctx, m) }},
	}
	for _, c := range calls {
		counting.sent = 0
		require.NoError(t, c.call(), c.name)
		sent[c.name] = counting.sent
	}
	return sent
}
