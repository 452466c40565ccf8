package pgstate

import (
	"cmp"
	"context"

	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Driver returns the driver of postgres:// and postgresql:// URLs, see Open. A store opens at most
// the given number of connections, 16 for 0, unless its URL has pool_max_conns. A function that
// does one thing at a time should use 1, because many instances of it run.
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
				return nil, err // a nil *Store in an interface would not be nil
			}
			return store, nil
		},
	}
}
