package mysqlstate

import (
	"cmp"
	"context"

	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Driver returns the driver of mysql:// as Open has it. A store opens up to so many connections, 16
// for 0, unless its URL has pool_max_conns: a function that does one thing at a time needs 1, and
// there are many of it.
func Driver(connections int) state.Driver {
	connections = cmp.Or(connections, maxConnections)
	return state.Driver{
		Schemes: []string{"mysql"},
		Check: func(url secret.String) error {
			_, err := parse(url, connections)
			return err
		},
		Open: func(_ context.Context, url secret.String) (state.Store, error) {
			store, err := openStore(url, connections)
			if err != nil {
				return nil, err // not a nil *Store in an interface
			}
			return store, nil
		},
	}
}
