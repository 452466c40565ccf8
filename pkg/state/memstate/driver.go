package memstate

import (
	"context"
	"errors"

	"msgext/internal/location"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// ErrURL is the driver's error for a URL that has anything after memory:.
var ErrURL = errors.New("memstate: memory: takes nothing after the colon")

// Driver returns the driver of memory:, which opens an empty Store.
func Driver() state.Driver {
	return state.Driver{Schemes: []string{"memory"}, Check: check, Open: open}
}

func check(url secret.String) error {
	if location.Place(url) != "" {
		return ErrURL
	}
	return nil
}

func open(_ context.Context, url secret.String) (state.Store, error) {
	if err := check(url); err != nil {
		return nil, err
	}
	return New(), nil
}
