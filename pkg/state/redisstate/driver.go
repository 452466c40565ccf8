package redisstate

import (
	"context"

	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Driver returns the driver of redis:// and rediss:// as Open has them.
func Driver() state.Driver {
	return state.Driver{
		Schemes: []string{"redis", "rediss"},
		Check: func(url secret.String) error {
			_, err := parse(url)
			return err
		},
		Open: func(_ context.Context, url secret.String) (state.Store, error) {
			store, err := Open(url)
			if err != nil {
				return nil, err // not a nil *Store in an interface
			}
			return store, nil
		},
	}
}
