package redisstate

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/state"
)

var _ state.Settable = (*Store)(nil)

// Durability is the result of Store.Durability. Only with Durable nothing acknowledged is lost.
type Durability = state.Durability

// The possible results.
const (
	Durable     = state.Durable                                                           // appendonly yes, appendfsync always
	EverySecond = Durability("appendfsync is everysec: a crash may lose the last second") // Redis's own default
	Sometime    = Durability("appendfsync is no: a crash may lose what the system has not saved")
	InMemory    = Durability("appendonly is no: a crash may lose it")
	Evicted     = Durability("maxmemory-policy is allkeys-…: the server may evict it when memory is full")
	Unknown     = Durability("unknown: the service does not tell its settings")
)

// order is from the best to the worst. Unknown comes last, because anything may be lost.
var order = [...]Durability{Durable, EverySecond, Sometime, InMemory, Evicted, Unknown}

// Durability returns what the server's settings promise, for a cluster the worst result among its
// masters. It is Unknown if CONFIG is refused, as managed services do. Replication is not
// considered: it is asynchronous, so a failover may lose writes whatever the settings
// (redis.io/docs, "Redis replication", 7.0).
func (s *Store) Durability(ctx context.Context) (Durability, error) {
	if err := ctx.Err(); err != nil {
		return Unknown, explain(err)
	}
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		var mu sync.Mutex
		worst := Durable
		err := cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
			d, err := durability(ctx, master)
			mu.Lock()
			defer mu.Unlock()
			worst = worse(worst, d)
			return err
		})
		return worst, explain(err)
	}
	d, err := durability(ctx, s.client)
	return d, explain(err)
}

func durability(ctx context.Context, server redis.Cmdable) (Durability, error) {
	settings := make(map[string]string)
	for _, pattern := range []string{"append*", "maxmemory-policy"} {
		some, err := server.ConfigGet(ctx, pattern).Result()
		var refused redis.Error
		if errors.As(err, &refused) {
			return Unknown, nil
		}
		if err != nil {
			return Unknown, err
		}
		maps.Copy(settings, some)
	}
	return judge(settings), nil
}

func judge(settings map[string]string) Durability {
	if strings.HasPrefix(settings["maxmemory-policy"], "allkeys-") {
		return Evicted
	}
	switch settings["appendonly"] + " " + settings["appendfsync"] {
	case "yes always":
		return Durable
	case "yes everysec":
		return EverySecond
	case "yes no":
		return Sometime
	}
	if settings["appendonly"] == "no" {
		return InMemory
	}
	return Unknown
}

func worse(a, b Durability) Durability {
	for _, d := range order {
		if d == a {
			return b
		}
		if d == b {
			return a
		}
	}
	return Unknown
}
