package guard_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/guard"
)

func TestDo(t *testing.T) {
	failure := errors.New("refused")
	for want, f := range map[error]func(context.Context) error{
		nil:     func(context.Context) error { return nil },
		failure: func(context.Context) error { return failure },
	} {
		assert.Equal(t, want, guard.Do(t.Context(), f))
	}
}

func TestDo_APanicIsAnErrorWithoutItsValue(t *testing.T) {
	err := guard.Do(t.Context(), func(context.Context) error { panic("planted-value") })
	var panicked *guard.PanicError
	require.ErrorAs(t, err, &panicked)
	assert.Contains(t, string(panicked.Stack), "guard_test.go")
	assert.NotContains(t, err.Error(), "planted-value")
}

func TestDo_WhatDoesNotHearTheContextIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		assert.ErrorIs(t, guard.Do(ctx, func(context.Context) error { <-end; return nil }), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(started))
	})
}

func TestDo_DoesNotBeginUnderAContextThatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := guard.Do(ctx, func(context.Context) error { return errors.New("begun") })
	assert.ErrorIs(t, err, context.Canceled)
}
