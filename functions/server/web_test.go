package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/vectortest"
)

// An SCF web function takes webhooks on every address and answers clients with a token. It works on
// after it was frozen between two requests.
func TestServer_AsAWebFunction(t *testing.T) {
	folder := t.TempDir() // as scripts/build packs it; the test in functions/scf checks that
	require.NoError(t, os.Symlink(binaries.Build(t, "functions/server"), filepath.Join(folder, "server")))
	bootstrap, err := filepath.Abs("../scf/web/scf_bootstrap")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(bootstrap, filepath.Join(folder, "scf_bootstrap")))
	function := processtest.StartWebFunction(t, folder, serving("MSGEXT_READ_TOKENS="+readToken))
	sample := vectortest.Named(t, "sample-group-set")

	status, reply := processtest.Exchange(t, http.MethodPost, sample.URL(function.URL, time.Now()), sample.Request.Body)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, string(sample.Want.Reply), reply)
	function.Await(t, `"cold":true,"start_ms":`)
	function.Await(t, `"Accepted":1`) // there is no other place to see it

	require.NoError(t, syscall.Kill(function.PID(), syscall.SIGSTOP))
	connection, err := net.Dial("tcp", strings.TrimPrefix(function.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	_, err = io.WriteString(connection, "GET /api/groups/test/messages/10/extensions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "+readToken+"\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(function.PID(), syscall.SIGCONT))
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)

	status, _ = processtest.Exchange(t, http.MethodGet, function.URL+"/api/groups/test/messages/10/extensions", "")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.NotContains(t, function.Greeting(), "msgext admin on")
	assert.Contains(t, function.Greeting(), `"on_demand":true`)
	assert.Zero(t, function.Stop(t))
}
