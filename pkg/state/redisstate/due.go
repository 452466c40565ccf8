package redisstate

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Due implements state.Store, in two round trips to each server: one asks every shard for those that
// have waited longest, the other reads the heads of those who come first among all.
func (s *Store) Due(ctx context.Context, before time.Time, limit int) ([]state.Head, error) {
	if err := ctx.Err(); err != nil {
		return nil, explain(err)
	}
	paths, err := s.waiting(ctx, before, limit)
	if err != nil || len(paths) == 0 {
		return nil, explain(err)
	}
	heads, err := s.heads(ctx, paths)
	if err != nil {
		return nil, explain(err)
	}
	// A head may have changed since the index was read.
	heads = slices.DeleteFunc(heads, func(h state.Head) bool { return h.Check.Due.IsZero() || h.Check.Due.After(before) })
	slices.SortFunc(heads, func(a, b state.Head) int {
		return cmp.Or(a.Check.Due.Compare(b.Check.Due), cmp.Compare(a.Message.Path(), b.Message.Path()))
	})
	return heads, nil
}

// waiting returns up to limit paths of messages that are due, by shard.
func (s *Store) waiting(ctx context.Context, before time.Time, limit int) (map[int][]string, error) {
	until := &redis.ZRangeBy{Min: "-inf", Max: strconv.FormatInt(before.UnixMilli(), 10), Count: int64(limit)}
	indexes := make([]*redis.ZSliceCmd, shards)
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n := range indexes {
			indexes[n] = p.ZRangeByScoreWithScores(ctx, prefix(n)+"due", until)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	type member struct {
		path  string
		shard int
		due   float64
	}
	var members []member
	for n, index := range indexes {
		for _, z := range index.Val() {
			path, _ := z.Member.(string)
			members = append(members, member{path, n, z.Score})
		}
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.path, b.path)) })
	paths := make(map[int][]string)
	for _, m := range members[:min(limit, len(members))] {
		paths[m.shard] = append(paths[m.shard], m.path)
	}
	return paths, nil
}

// heads reads the heads of messages, by shard.
func (s *Store) heads(ctx context.Context, paths map[int][]string) ([]state.Head, error) {
	replies := make(map[int]*redis.Cmd, len(paths))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n, paths := range paths {
			names := make([]string, 0, 2*len(paths))
			for _, path := range paths {
				all := keys(path)
				names = append(names, all[0], all[2])
			}
			replies[n] = p.Eval(ctx, s.scripts.heads, names, headFields()...)
		}
		return nil
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
			message, err := msgext.ParsePath(paths[n][i])
			if err != nil {
				return nil, err
			}
			heads = append(heads, state.Head{Message: message, Progress: record.State.Progress, Check: record.Check})
		}
	}
	return heads, nil
}
