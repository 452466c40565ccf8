package wire

import (
	"context"

	"msgext/pkg/config"
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
