package redisstate_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// go-redis's own logger writes lines to standard error that are not JSON and name addresses. With
// this package it must write nothing, whatever fails. It opens the stream when the process starts,
// so the test runs a process of its own.
func TestOpen_SilencesTheClient(t *testing.T) {
	const child = "REDISSTATE_TEST_CHILD"
	if os.Getenv(child) == "" {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOpen_SilencesTheClient$")
		command.Env = append(os.Environ(), child+"=1")
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.NotContains(t, string(out), "redis")
		return
	}
	store, err := redisstate.Open(secret.String("redis://127.0.0.1:1?dial_timeout=100ms&max_retries=1"))
	require.NoError(t, err)
	_, err = store.Load(t.Context(), statetest.NewMessage())
	require.Error(t, err)
	require.NoError(t, store.Close())
}
