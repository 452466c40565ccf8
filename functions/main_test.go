// Package functions_test has what holds of several programs at once: that they reply alike, and
// refuse to start alike. What is one program's own stands in its folder.
package functions_test

import (
	"os"
	"testing"

	"msgext/internal/processtest"
)

// binaries are the product's own, built once for all tests here. TestMain sets it before any runs.
var binaries *processtest.Builder

func TestMain(m *testing.M) {
	os.Exit(processtest.Main(m, func(b *processtest.Builder) { binaries = b }))
}
