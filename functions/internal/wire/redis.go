package wire

import (
	"context"
	"log/slog"

	"msgext/internal/config"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
)

// Redis opens a redis: or rediss: state store. It connects when it is first used.
func Redis(_ context.Context, cfg config.Config) (state.Store, error) {
	store, err := redisstate.Open(cfg.State.URL)
	if err != nil {
		return nil, err // not a nil *Store in an interface
	}
	return store, nil
}

// LogDurability logs what a Redis store risks to lose, if that is where the state is kept. It asks
// the server, so it is not for a function in whose way somebody waits.
func LogDurability(ctx context.Context, store state.Store, logger *slog.Logger) {
	redis, ok := store.(*redisstate.Store)
	if !ok {
		return
	}
	durability, err := redis.Durability(ctx)
	switch {
	case err != nil:
		logger.WarnContext(ctx, "MSGEXT_STATE: Redis's durability is not known", "error", err)
	case durability == redisstate.Durable:
		logger.InfoContext(ctx, "MSGEXT_STATE: Redis is durable: what it has accepted survives a crash")
	default:
		logger.WarnContext(ctx, "MSGEXT_STATE: Redis may lose what it has accepted: set appendonly yes and appendfsync always", "durability", durability)
	}
}
