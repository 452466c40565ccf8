package receiver_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/receiver"
)

// lines is a log as it was written.
type lines struct{ bytes.Buffer }

// logged returns options that log into lines.
func logged(options receiver.Options) (receiver.Options, *lines) {
	l := new(lines)
	options.Logger = slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return options, l
}

// only returns the only line, and fails if there is not exactly one.
func (l *lines) only(t *testing.T) map[string]any {
	t.Helper()
	require.Equal(t, 1, bytes.Count(l.Bytes(), []byte("\n")), "exactly one line a request, got %q", l.String())
	var line map[string]any
	require.NoError(t, json.Unmarshal(l.Bytes(), &line))
	return line
}
