package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/vectortest"
)

// After a clean stop the state is one file. A copy of it under another name and in another folder
// has the complete state.
func TestLocal_AStopLeavesOneFile(t *testing.T) {
	binary, folder := binaries.Build(t, "functions/local"), t.TempDir()
	path := filepath.Join(folder, "state.db")
	local := processtest.StartLocal(t, binary, stateIn(path))
	require.True(t, acceptsOne(local.URL, 1))
	require.Equal(t, 0, local.Stop(t))
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, "state.db", left[0].Name())

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, os.WriteFile(copied, content, 0o600))
	local = processtest.StartLocal(t, binary, stateIn(copied))
	_, body := get(t, local.URL+"/api/groups/crash/messages/1/extensions")
	assert.Contains(t, body, `"Key":"key1"`)
}

// When the database's file was deleted or replaced, writes to the open one still succeed. They are
// answered FAIL, because nobody will ever read them. After a restart the process works with the
// file that is there.
func TestLocal_AFileThatIsNoLongerTheOneFails(t *testing.T) {
	binary := binaries.Build(t, "functions/local")
	for name, happens := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"all three removed": func(t *testing.T, path string) {
			for _, end := range []string{"", "-wal", "-shm"} {
				require.NoError(t, os.Remove(path+end))
			}
		},
		"the log removed": func(t *testing.T, path string) { require.NoError(t, os.Remove(path+"-wal")) },
		"renamed":         func(t *testing.T, path string) { require.NoError(t, os.Rename(path, path+".old")) },
		"its folder renamed": func(t *testing.T, path string) {
			folder := filepath.Dir(path)
			require.NoError(t, os.Rename(folder, folder+"-old"))
			require.NoError(t, os.Mkdir(folder, 0o700))
		},
		"replaced by another": func(t *testing.T, path string) {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path+".new", content, 0o600))
			require.NoError(t, os.Rename(path+".new", path))
		},
		"emptied": func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state", "state.db")
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			local := processtest.StartLocal(t, binary, stateIn(path))
			require.True(t, acceptsOne(local.URL, 1))
			happens(t, path)
			assert.False(t, accepts(local.URL, 2), "the next one")
			assert.False(t, accepts(local.URL, 3))
			status, _ := get(t, local.URL+"/api/groups/crash/messages/1/extensions")
			assert.GreaterOrEqual(t, status, http.StatusInternalServerError, "nor is what nobody else has told")
			local.Await(t, "restart")
			assert.NotContains(t, local.Greeting(), filepath.Base(path)+"-wal")
			_ = local.Stop(t)

			local = processtest.StartLocal(t, binary, stateIn(path))
			assert.True(t, acceptsOne(local.URL, 4))
		})
	}
}

// acceptsOne reports whether the process answers OK to an event, sent up to ten times: the disk of
// a loaded machine may take longer than a reply may.
func acceptsOne(base string, version int64) bool {
	for range 10 {
		if accepts(base, version) {
			return true
		}
	}
	return false
}

func stateIn(path string) []string {
	return []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID}
}
