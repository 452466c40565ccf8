package redisstate

import (
	"context"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/msgext"
)

// Client returns what a store sends its commands through.
func (s *Store) Client() redis.UniversalClient { return s.client }

// LoadScripts makes the scripts known to every server, so that a test can count on one request per call.
func (s *Store) LoadScripts(ctx context.Context) error {
	all := s.scripts
	for _, script := range []*redis.Script{all.apply, all.mark, all.doubt, all.announce, all.merge, all.saveCheck, all.drop, all.sweep, all.erase, all.load} {
		if err := script.Load(ctx, s.client).Err(); err != nil {
			return err
		}
	}
	return nil
}

// Keys returns where a message lies.
var Keys = keys

// Shard returns the part that a message lies in.
func Shard(m msgext.Message) uint64 { return uint64(shard(m.Path())) }
