package pgstate

import (
	"cmp"
	"context"

	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Driver returns the driver of postgres:// and postgresql:// as Open has them. A store opens up to
// so many connections, 16 for 0, unless its URL has pool_max_conns: a function that does one thing
// at a time needs 1, and there are many of it.
func Driver(connections int) state.Driver {
	connections = cmp.Or(connections, maxConnections)
	return state.Driver{
		Schemes: []string{"postgres", "postgresql"},
		Check: func(url secret.String) error {
			_, err := parse(url, connections)
			return err
		},
		Open: func(ctx context.Context, url secret.String) (state.Store, error) {
			store, err := openStore(ctx, url, connections)
			if err != nil {
				return nil, err // not a nil *Store in an interface
			}
			return store, nil
		},
	}
}
