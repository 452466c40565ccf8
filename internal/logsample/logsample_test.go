package logsample_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/internal/logsample"
)

// Each minute has its lines. Everything else is counted once, by its reason.
func TestRefusals(t *testing.T) {
	var refusals logsample.Refusals
	minute := time.Date(2026, 11, 26, 21, 40, 0, 0, time.UTC)
	lines := 0
	for n := range 20 {
		reason := "token"
		if n%2 == 1 {
			reason = "address"
		}
		if !refusals.LeaveOut(reason, minute.Add(time.Duration(n)*time.Second)) {
			lines++
		}
	}
	assert.Equal(t, logsample.MaxLines, lines)
	assert.Equal(t, map[string]int{"token": 7, "address": 8}, refusals.Take())
	assert.Empty(t, refusals.Take())
	assert.False(t, refusals.LeaveOut("token", minute.Add(time.Minute)))
}
