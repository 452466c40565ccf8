package redisstate

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/internal/lanes"
)

// Due implements state.Store, in two round trips to each server. The first asks every shard for a
// few of the messages that have waited longest, the second reads the heads of those that come first
// among all. The cost depends on the size of the page, not on how many messages are due.
func (s *Store) Due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	if err := ctx.Err(); err != nil {
		return state.Page{}, explain(err)
	}
	members, more, err := s.waiting(ctx, lane, before, after, limit)
	if err != nil {
		return state.Page{}, explain(err)
	}
	page := state.Page{Next: after, More: more}
	if len(members) == 0 {
		return page, nil
	}
	page.Next = members[len(members)-1].cursor()
	paths := make(map[int][]string)
	for _, m := range members {
		paths[shard(m.path)] = append(paths[shard(m.path)], m.path)
	}
	if page.Heads, err = s.heads(ctx, paths); err != nil {
		return state.Page{}, explain(err)
	}
	// A head may have changed since the index was read.
	page.Heads = slices.DeleteFunc(page.Heads, func(h state.Head) bool { return !h.Check.IsDue(before) })
	slices.SortFunc(page.Heads, func(a, b state.Head) int {
		return cmp.Or(a.Check.Due.Compare(b.Check.Due), cmp.Compare(a.Message.Path(), b.Message.Path()))
	})
	return page, nil
}

// member is a message in a lane.
type member struct {
	due  int64
	path string
}

func (m member) compare(other member) int {
	return cmp.Or(cmp.Compare(m.due, other.due), cmp.Compare(m.path, other.path))
}

// cursor returns the place after a member in the order of all shards together.
func (m member) cursor() state.Cursor {
	return state.Cursor(strconv.FormatInt(m.due, 10) + " " + m.path)
}

// waiting returns up to limit members of a lane after a cursor, in order, and whether there are
// more. It asks each shard for a few. A shard that returns that many may have more.
func (s *Store) waiting(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (members []member, more bool, err error) {
	few := 2*limit/shards + 2
	due, path, _ := strings.Cut(string(after), " ")
	replies, err := s.onShards(ctx, s.scripts.waiting, func(n int) ([]string, []any) {
		return []string{laneKey(n, lane)}, []any{before.UnixMilli(), few, due, path}
	})
	if err != nil {
		return nil, false, err
	}
	var parts []lanes.Part[member]
	known := 0
	for _, reply := range replies {
		members, err := decodeMembers(reply)
		if err != nil {
			return nil, false, err
		}
		parts = append(parts, lanes.Part[member]{Entries: members, More: len(members) == few})
		known += len(members)
		more = more || len(members) == few
	}
	members = lanes.First(parts, limit, member.compare)
	return members, more || known > len(members), nil
}

// decodeMembers decodes the reply of lua/waiting.lua: paths and scores.
func decodeMembers(reply *redis.Cmd) ([]member, error) {
	pairs, err := reply.StringSlice()
	if err != nil || len(pairs)%2 != 0 {
		return nil, errReply
	}
	members := make([]member, len(pairs)/2)
	for i := range members {
		due, err := strconv.ParseInt(pairs[2*i+1], 10, 64)
		if err != nil {
			return nil, errReply
		}
		members[i] = member{due, pairs[2*i]}
	}
	return members, nil
}

// heads reads the heads of messages, by shard. Messages that no longer exist are left out.
func (s *Store) heads(ctx context.Context, paths map[int][]string) ([]state.Head, error) {
	replies, err := s.onShards(ctx, s.scripts.heads, func(n int) ([]string, []any) {
		names := make([]string, 0, 2*len(paths[n]))
		for _, path := range paths[n] {
			of := keys(path)
			names = append(names, of[headKey], of[seenKey])
		}
		var fields []any
		for _, field := range headFields() {
			fields = append(fields, field)
		}
		return names, fields
	})
	if err != nil {
		return nil, err
	}
	var heads []state.Head
	for n, reply := range replies {
		answers, _ := reply.Val().([]any)
		if len(answers) != len(paths[n]) {
			return nil, errReply
		}
		for i, answer := range answers {
			parts, _ := answer.([]any)
			record, err := decodeHead(parts)
			if err != nil {
				return nil, err
			}
			if record.Check.Revision == 0 && record.State.Latest == 0 {
				continue
			}
			message, err := msgext.ParsePath(paths[n][i])
			if err != nil {
				return nil, err
			}
			heads = append(heads, state.Head{Message: message, Progress: record.State.Progress, Check: record.Check})
		}
	}
	return heads, nil
}

// onShards runs a script on every shard for which arguments returns keys, in one pipeline, and
// returns the replies by shard. If a server does not know the script, the script is loaded and run
// again.
func (s *Store) onShards(ctx context.Context, script *redis.Script, arguments func(shard int) (keys []string, args []any)) (map[int]*redis.Cmd, error) {
	ask := func() (map[int]*redis.Cmd, error) {
		replies := make(map[int]*redis.Cmd, shards)
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for n := range shards {
				if keys, args := arguments(n); len(keys) > 0 {
					replies[n] = script.EvalSha(ctx, p, keys, args...)
				}
			}
			return nil
		})
		return replies, err
	}
	replies, err := ask()
	if err == nil || !redis.HasErrorPrefix(err, "NOSCRIPT") {
		return replies, err
	}
	if err := script.Load(ctx, s.client).Err(); err != nil {
		return nil, err
	}
	return ask()
}
