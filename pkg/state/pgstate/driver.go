package pgstate

import (
	"context"

	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Driver returns the driver of postgres:// and postgresql:// as Open has them.
func Driver() state.Driver {
	return state.Driver{
		Schemes: []string{"postgres", "postgresql"},
		Check: func(url secret.String) error {
			_, err := parse(url)
			return err
		},
		Open: func(ctx context.Context, url secret.String) (state.Store, error) {
			store, err := Open(ctx, url)
			if err != nil {
				return nil, err // not a nil *Store in an interface
			}
			return store, nil
		},
	}
}
