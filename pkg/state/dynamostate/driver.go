package dynamostate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"msgext/internal/location"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Driver returns the driver of dynamodb://TABLE. It calls load for region and credentials when a
// store is opened. Its Check has the error ErrTable.
func Driver(load func(context.Context) (aws.Config, error)) state.Driver {
	return state.Driver{
		Schemes: []string{"dynamodb"},
		Check: func(url secret.String) error {
			if !isTableName(location.Place(url)) {
				return ErrTable
			}
			return nil
		},
		Open: func(ctx context.Context, url secret.String) (state.Store, error) {
			cfg, err := load(ctx)
			if err != nil {
				return nil, err
			}
			store, err := New(cfg, Options{Table: location.Place(url)})
			if err != nil {
				return nil, err // a nil *Store in an interface would not be nil
			}
			return store, nil
		},
	}
}
