package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
)

// piped is a local process whose streams are pipes, which the test may leave unread.
type piped struct {
	*exec.Cmd
	url            string
	stdout, stderr *os.File
	log            *bufio.Reader
}

func startPiped(t *testing.T, environ ...string) *piped {
	t.Helper()
	p := &piped{Cmd: exec.Command(binaries.Build(t, "functions/local"), "-addr", "127.0.0.1:0")}
	p.Env = append([]string{"MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_STATE=memory:"}, environ...)
	p.Dir = t.TempDir()
	for _, stream := range []struct {
		ours   **os.File
		theirs *io.Writer
	}{{&p.stdout, &p.Stdout}, {&p.stderr, &p.Stderr}} {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		t.Cleanup(func() { _ = r.Close() })
		defer func() { _ = w.Close() }()
		*stream.ours, *stream.theirs = r, w
	}
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		_ = p.Process.Kill() // an error says that it has already ended
		_ = p.Wait()
	})
	p.log = bufio.NewReader(p.stderr)
	for p.url == "" {
		line, err := p.log.ReadString('\n')
		require.NoError(t, err)
		if match := regexp.MustCompile(`msgext serves on (http://\S+):`).FindStringSubmatch(line); match != nil {
			p.url = match[1]
		}
	}
	return p
}

// sendOne sends the longest change that Chat sends, and returns the reply.
func (p *piped) sendOne(t *testing.T) string {
	t.Helper()
	body := `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"g","MsgSeq":1,"OperateType":1,"ExtensionList":[{"Key":"k","Value":"` +
		strings.Repeat("v", 20000) + `","Seq":1}],"Seq":1}`
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	target := strings.Replace(signedURL(p.url, vectortest.SDKAppID, vectortest.Token, time.Now()), msgext.C2CCommand, msgext.GroupCommand, 1)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err, "no reply at all")
	defer func() { _ = response.Body.Close() }()
	reply, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(reply)
}

// stop ends the process gently and returns its exit status.
func (p *piped) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		require.FailNow(t, "the process does not end")
	}
	return p.ProcessState.ExitCode()
}

// Nobody reads the events. Each webhook is still answered, as one that a destination did not
// accept.
func TestLocal_EventsThatNobodyReads(t *testing.T) {
	p := startPiped(t, "MSGEXT_SINKS=stdout:", "MSGEXT_REPLY_BUDGET=300ms")
	go func() { _, _ = io.Copy(io.Discard, p.log) }()
	failed := 0
	for range 6 { // a pipe holds 64 KiB
		if strings.Contains(p.sendOne(t), `"FAIL"`) {
			failed++
		}
	}
	assert.Positive(t, failed)
	assert.Zero(t, p.stop(t))
}

// The reader of the events has gone, as in | head -1. That is a failed destination and does not end
// the process.
func TestLocal_EventsWhoseReaderHasGone(t *testing.T) {
	p := startPiped(t, "MSGEXT_SINKS=stdout:")
	go func() { _, _ = io.Copy(io.Discard, p.log) }()
	require.NoError(t, p.stdout.Close())
	for range 3 {
		assert.Contains(t, p.sendOne(t), `"FAIL"`)
	}
	assert.Zero(t, p.stop(t))
}

// Nobody reads the log, or its reader has gone. Webhooks are still answered, and the process ends
// when told to.
func TestLocal_ALogThatNobodyReads(t *testing.T) {
	for _, gone := range []bool{false, true} {
		p := startPiped(t)
		if gone {
			require.NoError(t, p.stderr.Close())
		}
		for range 400 { // each refusal is a line of some 300 bytes, and a pipe holds 64 KiB
			response, err := http.Post(p.url+"/?SdkAppid=1&CallbackCommand="+strings.Repeat("c", 200), "application/json", strings.NewReader("{}"))
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusForbidden, response.StatusCode)
		}
		assert.Zero(t, p.stop(t), "gone: %t", gone)
	}
}

// Neither a client that sends half a request nor a browser on the console keeps the process from
// ending.
func TestLocal_EndsWhateverClientsDo(t *testing.T) {
	t.Parallel() // it waits for the process's end, beside the simulations
	p := startPiped(t)
	go func() { _, _ = io.Copy(io.Discard, p.log) }()
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	signed := strings.TrimPrefix(signedURL(p.url, vectortest.SDKAppID, vectortest.Token, time.Now()), p.url)
	_, err = io.WriteString(connection, "POST "+signed+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	_, err = bufio.NewReader(connection).ReadString('\n') // the handler reads the body
	require.NoError(t, err)
	follow, err := http.Get(p.url + "/console/stream")
	require.NoError(t, err)
	defer func() { _ = follow.Body.Close() }()
	assert.Zero(t, p.stop(t))
}
