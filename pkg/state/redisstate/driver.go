package redisstate

import (
	"context"

	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Driver returns the driver of redis:// and rediss:// URLs, see Open.
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
				return nil, err // a nil *Store in an interface would not be nil
			}
			return store, nil
		},
	}
}
