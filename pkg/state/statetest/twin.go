package statetest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

// call is a call of a store. It returns whether the store did it.
type call func(context.Context, state.Store, msgext.Message) (bool, error)

// twin makes every call to both the store and the model, and compares the results.
type twin struct {
	store, model state.Store
	message      msgext.Message
}

func newTwin(s state.Store) twin { return twin{store: s, model: memstate.New(), message: NewMessage()} }

// do makes a call to both. It returns the result and the record after it, the zero Record for an
// unknown message.
func (w twin) do(t *testing.T, context string, c call) (bool, state.Record) {
	t.Helper()
	want, wantErr := c(t.Context(), w.model, w.message)
	got, err := c(t.Context(), w.store, w.message)
	for _, sentinel := range []error{state.ErrNotFound, state.ErrOvertaken} {
		if errors.Is(wantErr, sentinel) {
			require.ErrorIs(t, err, sentinel, context)
			err, wantErr = nil, nil
		}
	}
	require.NoError(t, wantErr, context)
	require.NoError(t, err, context)
	require.Equal(t, want, got, context)

	model, wantErr := w.model.Load(t.Context(), w.message)
	record, err := w.store.Load(t.Context(), w.message)
	if wantErr != nil {
		require.ErrorIs(t, err, state.ErrNotFound, context)
		return got, state.Record{}
	}
	require.NoError(t, err, context)
	sameRecord(t, model, record, context)
	return got, model
}
