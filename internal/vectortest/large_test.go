package vectortest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/vectortest"
)

func TestLargeBodies(t *testing.T) {
	for name, body := range vectortest.LargeBodies() {
		assert.LessOrEqual(t, len(body), 1<<20, name)
		assert.Greater(t, len(body), 1<<20-2048, name)
	}
}
