package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
)

// A second simulation on a kept store once met the messages of the first, hung for 90 s and failed.
func TestSimulate_TwiceOnOneStore(t *testing.T) {
	binary := binaries.Build(t, "functions/local")
	environ := []string{"MSGEXT_STATE=sqlite:" + t.TempDir() + "/state.db"}
	for range 2 {
		status, _, log := processtest.Exit(t, environ, binary, "-addr", "127.0.0.1:0", "-simulate", "-faults")
		require.Zero(t, status, log)
		assert.Contains(t, log, "of repair 0 do")
	}
}

// With -keep the process stays up until it is told to end.
func TestSimulate_Keep(t *testing.T) {
	local := processtest.StartKept(t, binaries.Build(t, "functions/local"), []string{"MSGEXT_STATE=memory:"}, "-simulate", "-keep")
	assert.Contains(t, local.Greeting(), "of repair 0 do")
	status, _ := get(t, local.URL+"/console/")
	assert.Equal(t, 200, status)
	assert.Zero(t, local.Signal(t, syscall.SIGTERM))
	status, _, log := processtest.Exit(t, nil, binaries.Build(t, "functions/local"), "-keep")
	assert.Equal(t, 2, status)
	assert.Contains(t, log, "-faults and -keep go with -simulate")
}
