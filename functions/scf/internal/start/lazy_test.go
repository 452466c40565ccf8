package start

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

// says returns a handler that always answers the same.
func says(answer string) Handler {
	return handlerFunc(func(context.Context, []byte) ([]byte, error) { return []byte(answer), nil })
}

func TestLazy_AFailureIsTriedAgainAndASuccessIsKept(t *testing.T) {
	builds := 0
	function := Lazy(
		func() (Handler, error) {
			if builds++; builds < 3 {
				return nil, errors.New("MSGEXT_TOKEN: missing")
			}
			return says("built"), nil
		},
		func(err error) Handler { return says(err.Error()) })

	for _, want := range []string{"MSGEXT_TOKEN: missing", "MSGEXT_TOKEN: missing", "built", "built"} {
		got, err := function.Invoke(t.Context(), nil)
		assert.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	assert.Equal(t, 3, builds)
}
