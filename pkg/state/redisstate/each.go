package redisstate

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/state"
)

// Each implements state.Store. It goes shard by shard, and sorts each shard's messages by path.
func (s *Store) Each(ctx context.Context, after state.Cursor, limit int) (state.Page, error) {
	if err := ctx.Err(); err != nil {
		return state.Page{}, explain(err)
	}
	n, paths, err := s.listed(ctx, after, limit)
	if err != nil {
		return state.Page{}, explain(err)
	}
	page := state.Page{More: true}
	if len(paths) > 0 {
		if page.Heads, err = s.heads(ctx, map[int][]string{n: paths}); err != nil {
			return state.Page{}, explain(err)
		}
	}
	if len(paths) == limit {
		page.Next = place(n, paths[limit-1])
		return page, nil
	}
	page.More = n+1 < shards
	page.Next = place(n+1, "")
	return page, nil
}

// place returns a cursor of Each: after a path in a shard, or at the shard's beginning.
func place(shard int, path string) state.Cursor {
	return state.Cursor(strconv.Itoa(shard) + " " + path)
}

// listed returns up to limit paths after a cursor, all of the same shard.
func (s *Store) listed(ctx context.Context, after state.Cursor, limit int) (shard int, paths []string, err error) {
	if random, ok := after.Somewhere(); ok {
		n := int(random % shards)
		size, err := s.client.ZCard(ctx, allKey(n)).Uint64()
		if err != nil || size == 0 {
			return n, nil, err
		}
		from := int64(random / shards % size)
		paths, err = s.client.ZRange(ctx, allKey(n), from, from+int64(limit)-1).Result()
		return n, paths, err
	}
	number, path, _ := strings.Cut(string(after), " ")
	n := 0
	if number != "" {
		if n, err = strconv.Atoi(number); err != nil {
			return 0, nil, errCursor
		}
	}
	if n < 0 || n >= shards {
		return n, nil, nil
	}
	first := "-"
	if path != "" {
		first = "(" + path
	}
	paths, err = s.client.ZRangeByLex(ctx, allKey(n), &redis.ZRangeBy{Min: first, Max: "+", Count: int64(limit)}).Result()
	return n, paths, err
}

func allKey(shard int) string { return prefix(shard) + "all" }
