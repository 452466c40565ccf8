package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
)

// A second simulation on a kept store does not meet the messages of the first. Once it did, hung
// for 90 s and failed.
func TestSimulate_TwiceOnOneStore(t *testing.T) {
	t.Parallel()
	binary := binaries.Build(t, "functions/local")
	environ := []string{"MSGEXT_STATE=sqlite:" + t.TempDir() + "/state.db"}
	for _, run := range []struct{ faults, differed string }{
		{"-faults", `\d+`},
		// Of 200, and none where every budget is kept. With the names of the first nearly all do.
		{"-faults=false", `\d?\d`},
	} {
		status, _, log := processtest.Exit(t, environ, binary, "-addr", "127.0.0.1:0", "-simulate", run.faults)
		require.Zero(t, status, log)
		assert.Regexp(t, "before repair "+run.differed+" messages differed from Chat, after .* of repair 0 do", log)
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
