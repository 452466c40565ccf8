// Package entry has the code with which every main begins.
package entry

import (
	"fmt"
	"io"
	"log/slog"
	"os"
)

// ExitConfiguration is the exit status of a process whose configuration or command line is wrong.
const ExitConfiguration = 2

// Must returns value, or ends the process with every configuration problem on stderr.
func Must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(ExitConfiguration)
	}
	return value
}

// CloudLogger returns the logger of a cloud function: JSON lines, which both platforms'
// log services index.
func CloudLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, nil))
}
