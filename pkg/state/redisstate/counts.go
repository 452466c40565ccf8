package redisstate

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/state"
)

// Count implements state.Store, in one round trip to each server. SaveCheck, Drop and Doubt update
// the index.
func (s *Store) Count(ctx context.Context, limit int) (state.Counts, error) {
	if err := ctx.Err(); err != nil {
		return state.Counts{}, explain(err)
	}
	var open, stuck [shards]*redis.IntCmd
	var first [2 * shards]*redis.ZSliceCmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n := range shards {
			standings := prefix(n) + "open"
			open[n] = p.ZCount(ctx, standings, standing(state.Open), standing(state.Open))
			stuck[n] = p.ZCount(ctx, standings, standing(state.Stuck), standing(state.Stuck))
			first[2*n] = p.ZRangeWithScores(ctx, laneKey(n, state.FirstChecks), 0, 0)
			first[2*n+1] = p.ZRangeWithScores(ctx, laneKey(n, state.Retries), 0, 0)
		}
		return nil
	})
	if err != nil {
		return state.Counts{}, explain(err)
	}
	var counts state.Counts
	for n := range shards {
		counts.Open += int(open[n].Val())
		counts.Stuck += int(stuck[n].Val())
	}
	counts.Open, counts.Stuck = min(counts.Open, limit), min(counts.Stuck, limit)
	for _, reply := range first {
		for _, z := range reply.Val() {
			if due := state.Moment(int64(z.Score)); counts.OldestDue.IsZero() || due.Before(counts.OldestDue) {
				counts.OldestDue = due
			}
		}
	}
	return counts, nil
}

// standing returns the score of a message in the index, see lua/rules.lua.
func standing(s state.Standing) string {
	return strconv.Itoa(int(s))
}
