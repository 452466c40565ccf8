// Package functions_test has the tests that concern several programs: they give the same replies
// and refuse the same configurations. Tests of one program are in its folder.
package functions_test

import (
	"os"
	"testing"

	"msgext/internal/processtest"
)

// binaries are the product's programs, built once for all tests here. TestMain sets it before any
// test.
var binaries *processtest.Builder

func TestMain(m *testing.M) {
	os.Exit(processtest.Main(m, func(b *processtest.Builder) { binaries = b }))
}
