package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/state"
)

func TestCheck_IsDue(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name string
		due  time.Time
		want bool
	}{
		{"never", time.Time{}, false},
		{"before", at.Add(-time.Millisecond), true},
		{"at the time", at, true},
		{"after", at.Add(time.Millisecond), false},
	} {
		assert.Equal(t, test.want, state.Check{Due: test.due}.IsDue(at), test.name)
	}
}
