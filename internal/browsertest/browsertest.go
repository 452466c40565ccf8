// Package browsertest starts a real browser for tests.
package browsertest

import (
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
)

// Options returns how to start a headless Chromium, which may take long on a loaded machine.
func Options(t testing.TB) []chromedp.ExecAllocatorOption {
	t.Helper()
	path := peertest.Address(t, peertest.Chromium)
	// Not t.TempDir: processes of the browser may still write there when it has ended, and a folder
	// that could not be removed would fail the test.
	folder, err := os.MkdirTemp("", "msgext-browser-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(folder),
		chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(2*time.Minute))
}
