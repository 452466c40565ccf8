// Package redisstate keeps the state of messages in Redis 7 or later, on one server or a cluster.
//
// Messages are distributed over 64 shards. All keys of a shard have the same hash tag, including
// its indexes. So every call but the lists is one Lua script in one round trip. Even in a cluster
// it takes effect completely or not at all, and an index always agrees with the messages. In
// return, a cluster uses only 64 of its slots.
//
// A server can lose what it acknowledged unless it has appendonly yes, appendfsync always, and a
// maxmemory-policy that keeps keys without expiry. Durability reports this. A failover can lose
// writes, too, because replicas lag behind.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is v0:
// it may change with any release.
package redisstate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"msgext/internal/outbound"
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
func (s *Store) Apply(ctx context.Context, event msgext.Event, heard time.Time, mark state.Mark) error {
	var cleared, marked, previous string
	if event.Operation == msgext.Clear {
		cleared = digits(event.Seq)
	}
	if mark == state.MarkNow {
		marked, previous = digits(event.Version()), digits(event.Version()-1)
	}
	arguments := make([]any, 0, 8+2*len(event.KeyValues))
	arguments = append(arguments, event.Message.Path(), digits(event.Latest()), cleared, state.Milliseconds(heard),
		marked, previous, msgext.MaxSeen, "")
	least := int64(math.MaxInt64)
	for key, entry := range event.Entries {
		least = min(least, entry.Seq)
		arguments = append(arguments, key, encodeEntry(entry))
	}
	if len(arguments) > 8 {
		arguments[7] = digits(least)
	}
	_, err := s.run(ctx, s.scripts.apply, event.Message, arguments)
	return err
}

// MarkSeen implements state.Store.
func (s *Store) MarkSeen(ctx context.Context, message msgext.Message, version int64) error {
	_, err := s.run(ctx, s.scripts.mark, message, []any{digits(version), digits(version - 1), msgext.MaxSeen})
	return err
}

// Doubt implements state.Store.
func (s *Store) Doubt(ctx context.Context, message msgext.Message, at time.Time, source state.Source) error {
	_, err := s.run(ctx, s.scripts.doubt, message, []any{message.Path(), state.Milliseconds(at), source == state.FromWebhook})
	return err
}

// Announce implements state.Store.
func (s *Store) Announce(ctx context.Context, message msgext.Message, at, due time.Time) error {
	_, err := s.run(ctx, s.scripts.announce, message, []any{message.Path(), state.Milliseconds(at), state.Milliseconds(due)})
	return err
}

// Merge implements state.Store.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	base, err := encodeBase(read)
	if err != nil {
		return err
	}
	heard := msgext.State{Base: &msgext.Snapshot{Number: read.After}} // what the read adds to what webhooks said
	heard.Merge(read)
	arguments := []any{message.Path(), read.Number, read.After, state.Milliseconds(state.Moment(read.Number)), digits(heard.Latest),
		digits(read.Latest), base}
	for key, entry := range heard.Entries {
		arguments = append(arguments, key, encodeEntry(entry))
	}
	reply, err := s.run(ctx, s.scripts.merge, message, arguments)
	if err == nil && reply == refused {
		return state.ErrOvertaken
	}
	return err
}

// Load implements state.Store. Everything is as of one moment.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	var all kept
	// The client sends a transaction only once, and the first attempt may find its connection dead.
	err := outbound.Policy{Tries: 2}.Do(ctx, func(ctx context.Context) error {
		var err error
		if all, err = s.read(ctx, keys(message.Path())); err != nil && !isAnswer(err) {
			return outbound.Again(err, 0)
		}
		return err
	})
	if err != nil {
		return state.Record{}, explain(err)
	}
	return all.record()
}

// read reads a message's keys in one transaction.
func (s *Store) read(ctx context.Context, keys []string) (kept, error) {
	pipe := s.client.TxPipeline()
	all := kept{
		schema: pipe.Get(ctx, keys[schemaKey]), head: pipe.HMGet(ctx, keys[headKey], headFields()...),
		seen: pipe.ZRange(ctx, keys[seenKey], 0, -1), entries: redis.NewKeyValueSliceCmd(ctx, "HGETALL", keys[entriesKey]),
		base: pipe.Get(ctx, keys[baseKey]),
	}
	if err := pipe.Process(ctx, all.entries); err != nil {
		return kept{}, err
	}
	commands, err := pipe.Exec(ctx)
	// After EXECABORT, the error of the failed command has the cause.
	if err != nil && !errors.Is(err, redis.Nil) && !strings.HasPrefix(err.Error(), "EXECABORT") {
		return kept{}, err
	}
	for _, command := range commands {
		if err := command.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return kept{}, err
		}
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		return kept{}, err
	}
	return all, nil
}

// isAnswer reports whether an error is the server's answer, which another try would get again.
func isAnswer(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

// SaveCheck implements state.Store.
func (s *Store) SaveCheck(ctx context.Context, message msgext.Message, o state.Outcome) error {
	_, err := s.runKnown(ctx, s.scripts.saveCheck, message, []any{
		message.Path(), o.Revision, state.Milliseconds(o.DroppedAt), state.Milliseconds(o.Started), digits(o.Floor), o.Settles,
		state.Milliseconds(o.Decided), o.Read, digits(o.Latest), state.Milliseconds(o.AheadSince), digits(o.AheadOver),
		state.Milliseconds(o.Due), o.Tries, o.SinksUpToDate, o.GaveUp, o.Gone,
	})
	return err
}

// Drop implements state.Store.
func (s *Store) Drop(ctx context.Context, message msgext.Message, drop state.Drop) (bool, error) {
	reply, err := s.runKnown(ctx, s.scripts.drop, message, []any{
		message.Path(), digits(drop.Above), digits(drop.Above - 1), state.Milliseconds(drop.DroppedAt),
		state.Milliseconds(drop.Now), state.Milliseconds(drop.Due),
	})
	return err == nil && reply != refused, err
}

// Sweep implements state.Store. msgext.State.Sweep decides here which entries are removed. An entry
// is removed only if the entry, the message and the message's read have not changed.
func (s *Store) Sweep(ctx context.Context, message msgext.Message, revision int64) error {
	record, err := s.Load(ctx, message)
	if err != nil || record.Check.Revision != revision {
		return err
	}
	arguments := []any{revision, record.State.ReadNumber()}
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

// Erase implements state.Store, all at once.
func (s *Store) Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error) {
	reply, err := s.run(ctx, s.scripts.erase, message, []any{message.Path(), revision})
	return err == nil && reply != nothing, err
}

// Forget implements state.Store.
func (s *Store) Forget(ctx context.Context, message msgext.Message) error {
	_, err := s.runKnown(ctx, s.scripts.erase, message, []any{message.Path(), ""})
	return err
}

// Close implements state.Store.
func (s *Store) Close() error { return explain(s.client.Close()) }

// Results of scripts that changed nothing.
const (
	nothing = int64(0) // the message is unknown, or has changed
	refused = int64(2) // another read was merged, or something was dropped, since the load
)

// run runs a script on a message's keys. The reply is nil if the script returns nothing.
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

// runKnown is run for a script that returns 0 for an unknown message.
func (s *Store) runKnown(ctx context.Context, script *redis.Script, message msgext.Message, arguments []any) (any, error) {
	reply, err := s.run(ctx, script, message, arguments)
	if err == nil && reply == nothing {
		return nil, state.ErrNotFound
	}
	return reply, err
}

// refusals are answers of a server that is not the one that is needed, by a part of their text.
// Some of them name a user or the master.
var refusals = []struct {
	says string
	err  error
}{
	{"READONLY ", errReplica},
	{"NOAUTH ", errNoAuth},
	{"unauthenticated multibulk length", errNoAuth}, // NOAUTH for a command with many arguments
	{"NOPERM ", errNoPermission},
	{"unknown command 'sentinel'", errNoSentinel},
	{"unknown command `sentinel`", errNoSentinel}, // Redis 5
	{"cluster support disabled", errNoCluster},
}

// What these answers mean.
var (
	errReplica      = errors.New("redisstate: READONLY: the server is a replica: write the master's host, or the sentinels' with ?master_name=NAME")
	errNoAuth       = errors.New("redisstate: NOAUTH: the server wants a password: write redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST")
	errNoPermission = errors.New("redisstate: NOPERM: the server's ACL forbids this user a command or a key of the store")
	errNoSentinel   = errors.New("redisstate: the hosts are no sentinels: leave master_name out, or write the sentinels' hosts and port")
	errNoCluster    = errors.New("redisstate: the server is not of a cluster: leave cluster=true out, and write one host")
)

func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(err.Error(), "MSGEXTSCHEMA"):
		return fmt.Errorf("redisstate: %w", state.ErrSchemaNew)
	case strings.HasPrefix(err.Error(), "MOVED ") || strings.HasPrefix(err.Error(), "ASK "): // the rest is an address
		return ErrCluster
	}
	for _, answer := range refusals {
		if strings.Contains(err.Error(), answer.says) {
			return answer.err
		}
	}
	return fmt.Errorf("redisstate: %w", outbound.WithoutAddress(err))
}
