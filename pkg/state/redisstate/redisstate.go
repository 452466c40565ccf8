// Package redisstate keeps the state of messages in Redis 7 or later, on one server or a cluster.
//
// Messages are spread over 64 shards, and everything of a shard lies under one hash tag, its due index
// included. So every call is one Lua script in one round trip, all or nothing in a cluster too, and
// the index cannot disagree with the messages. The price is that a cluster spreads them over 64 of
// its slots and not all of them.
//
// A server with other settings than appendonly yes, appendfsync always and a maxmemory-policy that
// spares keys without expiry can lose what it acknowledged; Durability tells. So can a failover, since
// replicas follow behind.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is
// v0: it may change with any release.
package redisstate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Store implements state.Store. It is safe for concurrent use.
type Store struct {
	client  redis.UniversalClient
	scripts scripts
}

var _ state.Store = (*Store)(nil)

// Apply implements state.Store.
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, seen bool) error {
	var cleared int64
	if event.Operation == msgext.Clear {
		cleared = event.Seq
	}
	arguments := make([]any, 0, 7+2*len(event.KeyValues))
	arguments = append(arguments, event.Message.Path(), digits(event.Latest()), digits(cleared), state.Milliseconds(heard))
	if seen {
		arguments = append(arguments, markArguments(event.Version())...)
	} else {
		arguments = append(arguments, "", "", "")
	}
	for key, entry := range event.Entries {
		arguments = append(arguments, key, encodeEntry(entry))
	}
	_, err := s.run(ctx, s.scripts.apply, event.Message, arguments)
	return err
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	_, err := s.run(ctx, s.scripts.mark, message, markArguments(version))
	return err
}

func markArguments(version int64) []any {
	return []any{digits(version), digits(version - 1), msgext.MaxSeen}
}

// Merge implements state.Store.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	base, err := encodeBase(read)
	if err != nil {
		return err
	}
	var heard msgext.State // what the read adds to what webhooks said
	heard.Merge(read)
	arguments := []any{digits(heard.Latest), digits(read.Latest), base}
	for key, entry := range heard.Entries {
		arguments = append(arguments, key, encodeEntry(entry))
	}
	_, err = s.run(ctx, s.scripts.merge, message, arguments)
	return err
}

// Load implements state.Store: all as of one moment.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	reply, err := s.run(ctx, s.scripts.load, message, headFields())
	if err != nil {
		return state.Record{}, err
	}
	if reply == nil {
		return state.Record{}, state.ErrNotFound
	}
	return decodeRecord(reply)
}

// Checked implements state.Store.
func (s *Store) Checked(ctx context.Context, message msgext.Message, outcome state.Outcome) error {
	check := outcome.Check
	return s.runKnown(ctx, s.scripts.checked, message, []any{
		message.Path(), digits(outcome.Floor), check.Revision,
		state.Milliseconds(check.Due), check.Tries, check.Told, state.Milliseconds(check.AheadSince),
	})
}

// Drop implements state.Store.
func (s *Store) Drop(ctx context.Context, message msgext.Message, version int64, due time.Time) error {
	return s.runKnown(ctx, s.scripts.drop, message, []any{message.Path(), digits(version), digits(version - 1), state.Milliseconds(due)})
}

// Sweep implements state.Store. What goes is worked out here, by the one rule; an entry goes only
// if neither it nor the message nor what was read of it has changed.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	record, err := s.Load(ctx, message)
	if err != nil || record.Check.Revision != revision {
		return err
	}
	read := ""
	if record.State.Base != nil {
		read = digits(record.State.Base.Latest)
	}
	arguments := []any{revision, read}
	swept := record.State.Clone()
	swept.Sweep()
	for key, entry := range record.State.Entries {
		if _, kept := swept.Entries[key]; !kept {
			arguments = append(arguments, key, encodeEntry(entry)[:entryPrefix])
		}
	}
	if len(arguments) == 2 {
		return nil
	}
	_, err = s.run(ctx, s.scripts.sweep, message, arguments)
	return err
}

// Forget implements state.Store.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	_, err := s.run(ctx, s.scripts.forget, message, []any{message.Path()})
	return err
}

// Close implements state.Store.
func (s *Store) Close() error { return explain(s.client.Close()) }

// run runs a script on a message's keys. The reply is nil when the script returns nothing.
func (s *Store) run(ctx context.Context, script *redis.Script, message msgext.Message, arguments []any) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, explain(err)
	}
	reply, err := script.Run(ctx, s.client, keys(message.Path()), arguments...).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return reply, explain(err)
}

// runKnown is run of a script that returns 0 for an unknown message.
func (s *Store) runKnown(ctx context.Context, script *redis.Script, message msgext.Message, arguments []any) error {
	reply, err := s.run(ctx, script, message, arguments)
	if err == nil && reply == int64(0) {
		return state.ErrNotFound
	}
	return err
}

func explain(err error) error {
	if err != nil {
		return fmt.Errorf("redisstate: %w", err)
	}
	return nil
}
