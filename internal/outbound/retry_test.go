package outbound_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/internal/outbound"
)

var errDown = errors.New("down")

func TestPolicy_Do(t *testing.T) {
	again := outbound.Again(errDown, 0)
	final := errors.New("refused")
	tests := []struct {
		name      string
		answers   []error // the last one repeats
		budget    time.Duration
		wantTries int
		wantErr   error
	}{
		{name: "at once", answers: []error{nil}, budget: time.Second, wantTries: 1},
		{name: "the third time", answers: []error{again, again, nil}, budget: time.Second, wantTries: 3},
		{name: "refused for good", answers: []error{again, final}, budget: time.Second, wantTries: 2, wantErr: final},
		{name: "never", answers: []error{again}, budget: time.Second, wantTries: 5, wantErr: errDown},
		{name: "a pause that does not fit is not begun", answers: []error{again}, budget: 19 * time.Millisecond, wantTries: 1, wantErr: errDown},
		{name: "asked to wait longer than there is time", answers: []error{outbound.Again(errDown, time.Hour)}, budget: time.Second, wantTries: 1, wantErr: errDown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.budget)
				defer cancel()
				tries := 0
				err := outbound.Delivery().Do(ctx, func(context.Context) error {
					tries++
					return test.answers[min(tries, len(test.answers))-1]
				})
				assert.Equal(t, test.wantErr, err, "without a mark")
				assert.Equal(t, test.wantTries, tries)
			})
		})
	}
}

// Five tries and their pauses leave more than half of a reply's budget to the tries themselves.
func TestDelivery_Pauses(t *testing.T) {
	for _, test := range []struct {
		random uint32
		want   time.Duration
	}{{0, 300 * time.Millisecond}, {1<<32 - 1, 600*time.Millisecond - 4}} {
		synctest.Test(t, func(t *testing.T) {
			policy := outbound.Delivery()
			policy.Rand = func() uint32 { return test.random }
			started := time.Now()
			assert.ErrorIs(t, policy.Do(t.Context(), func(context.Context) error { return outbound.Again(errDown, 0) }), errDown)
			assert.Equal(t, test.want, time.Since(started))
		})
	}
}

func TestPolicy_AsLongAsTheContextAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		policy := outbound.Policy{First: time.Millisecond, Longest: 100 * time.Millisecond}
		tries := 0
		assert.ErrorIs(t, policy.Do(ctx, func(context.Context) error { tries++; return outbound.Again(errDown, 0) }), errDown)
		assert.Greater(t, tries, 600, "no pause is longer than the longest")
	})
}

func TestPolicy_WaitsAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started, tries := time.Now(), 0
		assert.NoError(t, outbound.Delivery().Do(t.Context(), func(context.Context) error {
			if tries++; tries == 1 {
				return outbound.Again(errDown, 7*time.Second)
			}
			return nil
		}))
		assert.Equal(t, 7*time.Second, time.Since(started))
	})
}

// When the context ends within an attempt or a pause, the error still says what went wrong before.
func TestPolicy_TellsWhatCameBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		tries := 0
		err := outbound.Delivery().Do(ctx, func(ctx context.Context) error {
			if tries++; tries == 1 {
				return outbound.Again(errDown, 0)
			}
			<-ctx.Done()
			return ctx.Err()
		})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, errDown)

		cancelled, cancel := context.WithCancel(t.Context())
		err = outbound.Delivery().Do(cancelled, func(context.Context) error { cancel(); return outbound.Again(errDown, 0) })
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, errDown)
	})
}
