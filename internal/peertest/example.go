package peertest

import (
	"io"
	"os"
	"testing"
)

// Output runs an example that needs a real service, and returns what it printed. Such an example
// has no Output comment: with one it would run, and fail, where there is no service.
func Output(t testing.TB, example func()) string {
	t.Helper()
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = writing
	example() // the output is small enough for the pipe's buffer
	os.Stdout = stdout
	_ = writing.Close()
	printed, err := io.ReadAll(reading)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}
