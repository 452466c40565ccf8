package lazy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/functions/scf/internal/lazy"
)

type handler string

func (h handler) Invoke(context.Context, []byte) ([]byte, error) { return []byte(h), nil }

func TestFunction_AFailureIsTriedAgainAndASuccessIsKept(t *testing.T) {
	builds := 0
	function := lazy.New(
		func() (lazy.Handler, error) {
			if builds++; builds < 3 {
				return nil, errors.New("MSGEXT_TOKEN: missing")
			}
			return handler("built"), nil
		},
		func(err error) lazy.Handler { return handler(err.Error()) })

	for _, want := range []string{"MSGEXT_TOKEN: missing", "MSGEXT_TOKEN: missing", "built", "built"} {
		got, err := function.Invoke(t.Context(), nil)
		assert.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	assert.Equal(t, 3, builds)
}
