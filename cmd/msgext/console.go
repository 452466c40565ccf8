package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"msgext/internal/config"
	"msgext/internal/driver"
)

// console holds what a process is started with.
type console struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	wait           waiter
}

// waiter lets a time pass, or returns the context's error.
type waiter func(ctx context.Context, d time.Duration) error

// wait is the waiter of the real clock.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// variable returns a variable of the environment, "" where it is not set.
func (c console) variable(name string) string {
	for _, entry := range slices.Backward(c.environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// signing reads the app and the token that sign Chat's webhooks, and the path. The function itself
// checks the other variables.
func (c console) signing() (config.Config, error) {
	return driver.Drivers{}.Load(c.environ, config.Send)
}

// printJSON prints one value on a line of its own.
func (c console) printJSON(value any) error { return writeJSON(c.stdout, value) }

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// isTerminal reports whether the output goes to a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
